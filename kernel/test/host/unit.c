/*
 * test/host/unit.c - runs the tests of one program and speaks TAP.
 */
#include "test/host/unit.h"

static struct unit_test *tests, **tests_tail = &tests;
static int failures;		/* in the running test */
static u64 rand_state;

void unit_register(struct unit_test *test)
{
	*tests_tail = test;
	tests_tail = &test->next;
}

void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	if (failures++ > 20)
		return;
	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* xorshift64*, Vigna 2016 */
u64 unit_rand(void)
{
	rand_state ^= rand_state >> 12;
	rand_state ^= rand_state << 25;
	rand_state ^= rand_state >> 27;
	return rand_state * 0x2545f4914f6cdd1dULL;
}

void unit_seed(u64 seed)
{
	rand_state = seed * 0x9e3779b97f4a7c15ULL | 1;
}

u64 unit_below(u64 n)
{
	return unit_rand() % n;
}

bool unit_full_form(void)
{
	const char *full = getenv("TEST_FULL");

	return full && *full;
}

void *unit_read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	char *data = NULL;
	long len;

	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (len = ftell(f)) > 0) {
		rewind(f);
		data = malloc((size_t)len);
		if (data && fread(data, 1, (size_t)len, f) != (size_t)len) {
			free(data);
			data = NULL;
		}
		*size = (size_t)len;
	}
	fclose(f);
	return data;
}

int main(void)
{
	int n = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct unit_test *t = tests; t; t = t->next) {
		failures = 0;
		rand_state = 0x9e3779b97f4a7c15ULL;
		t->run();
		printf("%sok %d - %s\n", failures ? "not " : "", ++n, t->name);
		failed += failures != 0;
	}
	printf("1..%d\n", n);
	return failed != 0;
}
