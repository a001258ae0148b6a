/* The time zone that the kernel keeps (settimeofday(2)). Sets the clock: alone in its machine. */
#include "tap.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <time.h>

static struct timezone by_call(void)
{
	struct timezone tz = {-1, -1};

	must(syscall(SYS_gettimeofday, NULL, &tz));
	return tz;
}

static bool is_zone(int west, int dst)
{
	struct timezone tz = by_call();

	return tz.tz_minuteswest == west && tz.tz_dsttime == dst;
}

static long set(int west, int dst)
{
	return syscall(SYS_settimeofday, NULL, &(struct timezone){west, dst});
}

static time_t now(void)
{
	struct timespec ts;

	must(clock_gettime(CLOCK_REALTIME, &ts));
	return ts.tv_sec;
}

/* A function of the vDSO, by its symbol table; NULL: there is none. */
static void *vdso_function(const char *name)
{
	const char *at = (const char *)getauxval(AT_SYSINFO_EHDR), *base = at, *names = NULL;
	const Elf64_Ehdr *head = (const void *)at;
	const Elf64_Phdr *ph = (const void *)(at + head->e_phoff);
	const Elf64_Dyn *dynamic = NULL;
	const Elf64_Sym *symbols = NULL;
	const Elf32_Word *hash = NULL;

	for (int i = 0; i < head->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD)
			base = at + ph[i].p_offset - ph[i].p_vaddr;
		if (ph[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)(at + ph[i].p_offset);
	}
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		const char *what = base + dynamic->d_un.d_ptr;

		if (dynamic->d_tag == DT_STRTAB)
			names = what;
		if (dynamic->d_tag == DT_SYMTAB)
			symbols = (const void *)what;
		if (dynamic->d_tag == DT_HASH)
			hash = (const void *)what;
	}
	for (Elf32_Word i = 0; names && symbols && hash && i < hash[1]; i++)
		if (symbols[i].st_shndx != SHN_UNDEF && !strcmp(names + symbols[i].st_name, name))
			return (void *)(base + symbols[i].st_value);
	return NULL;
}

/* Must be the first: what is told is the first zone since boot. */
TEST(first)
{
	time_t before = now();

	works(set(60, 0), "the first zone");
	ok(labs(now() - before - 3600) <= 5, "moves the clock from local time to UTC");
	before = now();
	works(set(-60, 0), "another zone");
	ok(labs(now() - before) <= 5, "does not");
}

static int as_user(void *argument)
{
	(void)argument;
	return !(set(0, 0) == -1 && errno == EPERM);
}

TEST(zone)
{
	struct timeval tv;

	works(set(-120, 3), "settimeofday of a zone alone");
	ok(is_zone(-120, 3), "gettimeofday tells it");
	works(set(900, 0), "fifteen hours");
	works(set(-900, 0), "either way");
	fails(set(901, 0), EINVAL, "more");
	fails(set(-901, 0), EINVAL, "either way");
	ok(is_zone(-900, 0), "the last good one");
	fails(syscall(SYS_settimeofday, NULL, BAD), EFAULT, "a bad pointer");
	is(tap_as_user(as_user, NULL), 0, "EPERM for a user");
	must(syscall(SYS_gettimeofday, &tv, NULL));
	works(syscall(SYS_settimeofday, &tv, &(struct timezone){30, 1}), "together with a time");
	ok(is_zone(30, 1), "is kept as well");
	fails(syscall(SYS_settimeofday, &(struct timeval){tv.tv_sec, 1000000},
		      &(struct timezone){0, 0}), EINVAL, "a time that is none");
	ok(is_zone(30, 1), "leaves the zone");
	works(set(0, 0), "UTC");
	ok(is_zone(0, 0), "again");
}

TEST(vdso)
{
	int (*call)(struct timeval *, struct timezone *) = vdso_function("__vdso_gettimeofday");
	struct timezone tz = {-1, -1};
	struct timeval tv = {0, 0};

	if (!ok(call != NULL, "gettimeofday is in the vDSO"))
		return;
	ok(call == vdso_function("gettimeofday"), "by both names");
	must(set(-345, 2));
	works(call(NULL, &tz), "asked for the zone alone");
	ok(tz.tz_minuteswest == -345 && tz.tz_dsttime == 2, "tells it");
	must(set(45, 1));
	works(call(&tv, &tz), "with the time");
	ok(tz.tz_minuteswest == 45 && tz.tz_dsttime == 1, "the new one");
	ok(labs(now() - tv.tv_sec) <= 5, "and the time");
	works(call(NULL, NULL), "asked for nothing");
	must(set(0, 0));
}
