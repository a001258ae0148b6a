/*
 * test/host/host_os.c - the calls of the host's system that all harnesses need. Apart from the
 * rest, because the host's headers and the kernel's define the same names.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void *os_map(void *at, size_t bytes);
int host_run(const char *fmt, ...);
const char *os_temp_dir(void);

void *os_map(void *at, size_t bytes)
{
	void *p = mmap(at, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != at)
		abort();
	return p;
}

int host_run(const char *fmt, ...)
{
	char command[4096];
	va_list ap;
	int status;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	fflush(stdout);
	setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

static char temp_dir[256];

static void temp_remove(void)
{
	host_run("rm -rf '%s'", temp_dir);
}

const char *os_temp_dir(void)
{
	const char *base = getenv("TMPDIR");

	if (!temp_dir[0]) {
		snprintf(temp_dir, sizeof(temp_dir), "%s/host-test-XXXXXX", base ? base : P_tmpdir);
		if (!mkdtemp(temp_dir))
			abort();
		atexit(temp_remove);
	}
	return temp_dir;
}
