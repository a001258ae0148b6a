/*
 * Large pages under stress: random calls against a model, and threads that disturb each other.
 */
#include "large.h"
#include <pthread.h>

static unsigned seed;

static unsigned chance(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

enum { AREA = 4, PAGES = AREA * IN_LARGE };

/* A model: what each page must hold (0: zero), and whether it is mapped and writable. */
static struct {
	char *base;
	int salt[PAGES];
	char rights[PAGES]; /* 'w', 'r', '-' (PROT_NONE), 0: not mapped */
} model;

static void model_store(int i)
{
	static int next = 100;

	if (model.rights[i] != 'w')
		return;
	memset(model.base + (size_t)i * PAGE, 0, PAGE);
	mark(model.base, i, ++next);
	model.salt[i] = next;
}

static int model_wrong(void)
{
	int n = 0;

	for (int i = 0; i < PAGES; i++) {
		const char *at = model.base + (size_t)i * PAGE;

		if (model.rights[i] != 'w' && model.rights[i] != 'r')
			continue;
		if (model.salt[i])
			n += !marked(model.base, i, model.salt[i]);
		else
			n += at[0] || at[2000] || at[4092];
	}
	return n;
}

static void model_range(int *first, int *n)
{
	if (chance(3) == 0) {
		*first = chance(AREA) * IN_LARGE;
		*n = IN_LARGE * (1 + chance(AREA - *first / IN_LARGE));
	} else {
		*first = chance(PAGES);
		*n = 1 + chance(chance(2) ? 8 : PAGES / 2);
	}
	if (*first + *n > PAGES)
		*n = PAGES - *first;
}

static void model_step(void)
{
	int first, n;
	char *at;
	size_t length;

	model_range(&first, &n);
	at = model.base + (size_t)first * PAGE;
	length = (size_t)n * PAGE;
	switch (chance(9)) {
	case 0:
		munmap(at, length);
		memset(model.rights + first, 0, n);
		memset(model.salt + first, 0, n * sizeof(int));
		break;
	case 1:
	case 2:
		mmap(at, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		     -1, 0);
		memset(model.rights + first, 'w', n);
		memset(model.salt + first, 0, n * sizeof(int));
		break;
	case 3: {
		char to = "wwr-"[chance(4)];

		for (int i = first; i < first + n; i++)
			if (!model.rights[i])
				return;
		mprotect(at, length,
			 to == 'w' ? PROT_READ | PROT_WRITE : to == 'r' ? PROT_READ : PROT_NONE);
		memset(model.rights + first, to, n);
		break;
	}
	case 4:
		for (int i = first; i < first + n; i++)
			if (!model.rights[i])
				return;
		madvise(at, length, MADV_DONTNEED);
		memset(model.salt + first, 0, n * sizeof(int));
		break;
	case 5:
		madvise(model.base, AREA * (size_t)LARGE, MADV_COLLAPSE);
		break;
	default:
		for (int i = 0; i < 40; i++)
			model_store(chance(PAGES));
	}
}

static int model_run(void *arg)
{
	int depth = (int)(intptr_t)arg;

	for (int i = 0; i < 40; i++) {
		model_step();
		if (depth < 2 && chance(20) == 0) {
			pid_t child = fork();
			int status;

			if (child == 0) {
				seed += 17;
				_exit(model_run((void *)(intptr_t)(depth + 1)));
			}
			for (int k = 0; k < 30; k++)
				model_store(chance(PAGES));
			if (waitpid(child, &status, 0) != child || status) {
				diag("a child at depth %d: %x", depth + 1, status);
				return 2;
			}
		}
	}
	return model_wrong() ? 1 : 0;
}

TEST(model)
{
	for (int round = 0; round < 2; round++) {
		pid_t pid[2];

		for (int i = 0; i < 2; i++) {
			pid[i] = fork();
			if (pid[i] == 0) {
				seed = 1000 * round + i;
				model.base = space(AREA);
				memset(model.rights, 'w', PAGES);
				_exit(model_run(NULL));
			}
		}
		for (int i = 0; i < 2; i++)
			exits(pid[i], 0, "a seeded run against a model");
	}
}

/* Threads that fault, protect and drop at once; each owns every fourth page. */
static char *shared;
static volatile bool stop;

static void *owner(void *arg)
{
	int me = (int)(intptr_t)arg, bad = 0;

	for (int round = 0; round < 30; round++) {
		for (int i = me; i < PAGES; i += 4)
			mark(shared, i, round + me * 1000);
		for (int i = me; i < PAGES; i += 4)
			bad += !marked(shared, i, round + me * 1000);
	}
	return (void *)(intptr_t)bad;
}

static void *disturber(void *arg)
{
	unsigned n = 7;

	(void)arg;
	while (!stop) {
		char *at = shared + (size_t)(n * 2654435761u >> 8) % (PAGES - 64) * PAGE;

		n++;
		/* Rights that stay the same for the owners: they only split and flush. */
		mprotect(at, 16 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
		mprotect(at, 16 * PAGE, PROT_READ | PROT_WRITE);
		if (n % 16 == 0)
			madvise(shared, AREA * (size_t)LARGE, MADV_COLLAPSE);
		if (n % 8 == 0 && fork() == 0)
			_exit(0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	return NULL;
}

TEST(threads)
{
	pthread_t t[4], other;
	long bad = 0;
	void *result;

	shared = space(AREA);
	must(-pthread_create(&other, NULL, disturber, NULL));
	for (int i = 0; i < 4; i++)
		must(-pthread_create(&t[i], NULL, owner, (void *)(intptr_t)i));
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &result);
		bad += (intptr_t)result;
	}
	stop = true;
	pthread_join(other, NULL);
	is(bad, 0, "no page of anyone is lost");
}
