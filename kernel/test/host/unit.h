/*
 * test/host/unit.h - the frame of the host's unit tests.
 *
 * Include this first. A test is a function written with TEST(name); it registers itself, unit.c
 * runs them in the order of the file and speaks TAP. A CHECK that fails says where and fails the
 * test, which goes on; unit_rand is a generator with a fixed seed, so that runs repeat.
 */
#ifndef TEST_HOST_UNIT_H
#define TEST_HOST_UNIT_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* libc's own, under a name that stays. */
static int (*const host_vsnprintf)(char *, size_t, const char *, va_list)
	__attribute__((unused)) = vsnprintf;

/* From here on the kernel's meanings hold. */
#undef __always_inline
#include "test/host/rename.h"

#include "lib/string.h"
#include "lib/types.h"

struct unit_test {
	const char *name;
	void (*run)(void);
	struct unit_test *next;
};

void unit_register(struct unit_test *test);
void unit_fail(const char *file, int line, const char *fmt, ...) __printf(3, 4);
/* 64 random bits; and a number below n. */
u64 unit_rand(void);
u64 unit_below(u64 n);
/* Starts the generator anew. */
void unit_seed(u64 seed);
/* Whether the long form is wanted: TEST_FULL is set, and to something. */
bool unit_full_form(void);
/* The whole file in malloc'ed memory, or NULL. */
void *unit_read_file(const char *path, size_t *size);

#define TEST(name) \
	static void name(void); \
	static struct unit_test unit_##name = { #name, name, NULL }; \
	__attribute__((constructor)) static void register_##name(void) \
	{ \
		unit_register(&unit_##name); \
	} \
	static void name(void)

#define CHECK(cond) \
	do { \
		if (!(cond)) \
			unit_fail(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

#define CHECK_EQ(got, want) \
	do { \
		u64 _got = (u64)(got), _want = (u64)(want); \
		if (_got != _want) \
			unit_fail(__FILE__, __LINE__, "%s is %#" PRIx64 ", not %#" PRIx64, #got, \
				  _got, _want); \
	} while (0)

#define CHECK_STR(got, want) \
	do { \
		const char *_got = (got), *_want = (want); \
		if (strcmp(_got, _want) != 0) \
			unit_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #got, _got, \
				  _want); \
	} while (0)

#endif
