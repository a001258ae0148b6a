/*
 * test/host/jbd_host_os.c - the calls of the host's system that the journal's harness needs. Apart
 * from the rest, because the host's headers and the kernel's define the same names.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void os_lock(void);
void os_unlock(void);
void os_sleep(uint64_t ns);
uint64_t os_now(void);
void os_yield(void);
void os_set_gs(uint64_t base);
void os_thread(void (*fn)(void *arg), void *arg);
bool os_load(const char *path, void *data, size_t n);
bool os_save(const char *path, const void *data, size_t n);

/* The harness counts allocations itself; LeakSanitizer would stop threads that are just ending. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread unsigned depth;

void os_lock(void)
{
	if (depth++ == 0)
		pthread_mutex_lock(&lock);
}

void os_unlock(void)
{
	if (--depth == 0)
		pthread_mutex_unlock(&lock);
}

void os_sleep(uint64_t ns)
{
	struct timespec t = { .tv_nsec = (long)ns };

	if (depth != 1)
		abort();
	os_unlock();
	nanosleep(&t, NULL);
	os_lock();
}

uint64_t os_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void os_yield(void)
{
	sched_yield();
}

void os_set_gs(uint64_t base)
{
	if (syscall(SYS_arch_prctl, ARCH_SET_GS, base))
		abort();
}

struct start {
	void (*fn)(void *arg);
	void *arg;
};

static void *run(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	s.fn(s.arg);
	return NULL;
}

void os_thread(void (*fn)(void *arg), void *arg)
{
	struct start *s = malloc(sizeof(*s));
	pthread_t thread;

	*s = (struct start){ fn, arg };
	if (pthread_create(&thread, NULL, run, s))
		abort();
	pthread_detach(thread);
}

bool os_load(const char *path, void *data, size_t n)
{
	FILE *f = fopen(path, "rb");
	bool ok = f && fread(data, 1, n, f) == n;

	if (f)
		fclose(f);
	return ok;
}

bool os_save(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "wb");
	bool ok = f && fwrite(data, 1, n, f) == n;

	if (f && fclose(f))
		ok = false;
	return ok;
}
