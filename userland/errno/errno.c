/*
 * errno: names, numbers and meanings of errors, and where in the kernel those of a process began.
 *
 *	errno NAME|NUMBER...   of these
 *	errno -l               of all there are
 *	errno -p PID...        the last errors that the threads of a process were given
 *
 * The latter is /proc/PID/task/TID/errno, with names. Ends with 1 if something is not known or
 * cannot be read, with 2 if it was not asked properly.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SWITCH "/proc/sys/kernel/errno_trace"

/* Each number once, then other names for some. */
#define ERRORS \
	E(EPERM) E(ENOENT) E(ESRCH) E(EINTR) E(EIO) E(ENXIO) E(E2BIG) E(ENOEXEC) E(EBADF) \
	E(ECHILD) E(EAGAIN) E(ENOMEM) E(EACCES) E(EFAULT) E(ENOTBLK) E(EBUSY) E(EEXIST) E(EXDEV) \
	E(ENODEV) E(ENOTDIR) E(EISDIR) E(EINVAL) E(ENFILE) E(EMFILE) E(ENOTTY) E(ETXTBSY) \
	E(EFBIG) E(ENOSPC) E(ESPIPE) E(EROFS) E(EMLINK) E(EPIPE) E(EDOM) E(ERANGE) E(EDEADLK) \
	E(ENAMETOOLONG) E(ENOLCK) E(ENOSYS) E(ENOTEMPTY) E(ELOOP) E(ENOMSG) E(EIDRM) E(ECHRNG) \
	E(EL2NSYNC) E(EL3HLT) E(EL3RST) E(ELNRNG) E(EUNATCH) E(ENOCSI) E(EL2HLT) E(EBADE) \
	E(EBADR) E(EXFULL) E(ENOANO) E(EBADRQC) E(EBADSLT) E(EBFONT) E(ENOSTR) E(ENODATA) \
	E(ETIME) E(ENOSR) E(ENONET) E(ENOPKG) E(EREMOTE) E(ENOLINK) E(EADV) E(ESRMNT) E(ECOMM) \
	E(EPROTO) E(EMULTIHOP) E(EDOTDOT) E(EBADMSG) E(EOVERFLOW) E(ENOTUNIQ) E(EBADFD) \
	E(EREMCHG) E(ELIBACC) E(ELIBBAD) E(ELIBSCN) E(ELIBMAX) E(ELIBEXEC) E(EILSEQ) E(ERESTART) \
	E(ESTRPIPE) E(EUSERS) E(ENOTSOCK) E(EDESTADDRREQ) E(EMSGSIZE) E(EPROTOTYPE) \
	E(ENOPROTOOPT) E(EPROTONOSUPPORT) E(ESOCKTNOSUPPORT) E(EOPNOTSUPP) E(EPFNOSUPPORT) \
	E(EAFNOSUPPORT) E(EADDRINUSE) E(EADDRNOTAVAIL) E(ENETDOWN) E(ENETUNREACH) E(ENETRESET) \
	E(ECONNABORTED) E(ECONNRESET) E(ENOBUFS) E(EISCONN) E(ENOTCONN) E(ESHUTDOWN) \
	E(ETOOMANYREFS) E(ETIMEDOUT) E(ECONNREFUSED) E(EHOSTDOWN) E(EHOSTUNREACH) E(EALREADY) \
	E(EINPROGRESS) E(ESTALE) E(EUCLEAN) E(ENOTNAM) E(ENAVAIL) E(EISNAM) E(EREMOTEIO) \
	E(EDQUOT) E(ENOMEDIUM) E(EMEDIUMTYPE) E(ECANCELED) E(ENOKEY) E(EKEYEXPIRED) \
	E(EKEYREVOKED) E(EKEYREJECTED) E(EOWNERDEAD) E(ENOTRECOVERABLE) E(ERFKILL) E(EHWPOISON)
#define OTHER_NAMES E(EWOULDBLOCK) E(EDEADLOCK) E(ENOTSUP)

struct name {
	const char *text;
	int number;
};

#define E(name) { #name, name },
static const struct name names[] = { ERRORS OTHER_NAMES { NULL, 0 } };
static const size_t n_errors = sizeof((struct name[]){ ERRORS }) / sizeof(struct name);
#undef E

static const struct name *by_number(int number)
{
	for (size_t i = 0; i < n_errors; i++) {
		if (names[i].number == number)
			return &names[i];
	}
	return NULL;
}

/* EINVAL, einval or 22. */
static const struct name *named(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (isdigit((unsigned char)*text) && !*end)
		return number < 4096 ? by_number((int)number) : NULL;
	for (const struct name *n = names; n->text; n++) {
		if (strcasecmp(n->text, text) == 0)
			return n;
	}
	return NULL;
}

static void show(const struct name *n)
{
	printf("%s %d %s\n", n->text, n->number, strerror(n->number));
}

/* One line of /proc/[pid]/errno, as it stands if it is none. */
static void show_given(const char *line)
{
	char when[32], call[32], place[128];
	const struct name *n;
	int error;

	if (sscanf(line, "%31s %31s %d %127s", when, call, &error, place) != 4) {
		fputs(line, stdout);
		return;
	}
	n = by_number(error);
	printf("%14s  %-18s %-15s %-32s %s\n", when, call, n ? n->text : "?",
	       strcmp(place, "-") ? place : "(not known)", strerror(error));
}

/* Copies a thread's table to standard output, below its number: how many lines, or -1. */
static int show_thread(const char *pid, const char *tid, int *shown)
{
	char path[96], line[256];
	FILE *f;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%.20s/task/%.20s/errno", pid, tid);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (n++ == 0)
			printf("%sthread %s\n%14s  %-18s %-15s %-32s %s\n", (*shown)++ ? "\n" : "",
			       tid, "SECONDS", "CALL", "ERROR", "BEGAN AT", "MEANING");
		show_given(line);
	}
	if (ferror(f))
		n = -1;
	fclose(f);
	return n;
}

static bool traced(void)
{
	FILE *f = fopen(SWITCH, "r");
	bool on = f && fgetc(f) == '1';

	if (f)
		fclose(f);
	return on;
}

static int show_process(const char *pid)
{
	static int shown; /* threads */
	int lines = 0, status = 0, n;
	char path[64];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/task", pid);
	dir = opendir(path);
	if (!dir) {
		fprintf(stderr, "errno: process %s: %s\n", pid, strerror(errno));
		return 1;
	}
	while ((e = readdir(dir))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		n = show_thread(pid, e->d_name, &shown);
		if (n < 0 && errno != ESRCH) {
			fprintf(stderr, "errno: thread %s: %s\n", e->d_name, strerror(errno));
			status = 1;
		}
		lines += n > 0 ? n : 0;
	}
	closedir(dir);
	if (!lines && !status && !traced())
		fprintf(stderr, "errno: errors are not traced: echo 1 >" SWITCH "\n");
	return status;
}

static int usage(void)
{
	fprintf(stderr, "usage: errno NAME|NUMBER...\n       errno -l\n       errno -p PID...\n");
	return 2;
}

int main(int argc, char **argv)
{
	int option = getopt(argc, argv, "lp"), status = 0;

	if (option == '?' || (option == 'l') != (optind == argc))
		return usage();
	if (option == 'l') {
		for (size_t i = 0; i < n_errors; i++)
			show(&names[i]);
		return 0;
	}
	for (int i = optind; i < argc; i++) {
		const struct name *n = option == 'p' ? NULL : named(argv[i]);

		if (option == 'p') {
			status |= show_process(argv[i]);
		} else if (n) {
			show(n);
		} else {
			fprintf(stderr, "errno: %s is no error\n", argv[i]);
			status = 1;
		}
	}
	return status;
}
