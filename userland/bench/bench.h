/*
 * The benchmark's frame. A row is a function that does something n times and returns how long that
 * took, in nanoseconds, or -1 when this system cannot do it. The frame finds an n that takes
 * ROUND_NS, repeats that ROUNDS times and prints the median, one line per row:
 *
 *	NAME UNIT VALUE
 *
 * UNIT is ns (per operation, less is better) or MB/s (of the row's bytes per operation, more is
 * better). VALUE is - for a row that failed.
 */
#ifndef BENCH_H
#define BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 5, ROUND_NS = 60000000 };

struct row {
	const char *name;
	int64_t (*run)(long n);
	long bytes; /* per operation; 0 for a row in ns */
};

extern const struct row call_rows[], process_rows[], memory_rows[], file_rows[], disk_rows[],
	talk_rows[], parallel_rows[], net_rows[], socket_rows[],
	wire_rows[]; /* only if named */

/*
 * talk.c: a process with a child that it makes, over descriptors which both take over. How long n
 * round trips of a byte take, and n pieces of TALK_PIECE bytes from p[1] to p[0]; or -1.
 */
struct ends { int in, out; }; /* of one process; may be the same */
enum { TALK_PIECE = 65536 };
int64_t talk_round_trips(struct ends near, struct ends far, long n);
int64_t talk_stream(const int p[2], long n);

/* Where the file rows work: a directory on the disk's file system, and one on tmpfs. */
#define DISK_DIR "/var/tmp"
#define TMP_DIR  "/tmp"

static inline int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Times a loop of n rounds over the statement. */
#define TIMED(n, statement)                                                                        \
	({                                                                                         \
		int64_t start_ = now_ns();                                                         \
		for (long i_ = 0; i_ < (n); i_++) {                                                \
			statement;                                                                 \
		}                                                                                  \
		now_ns() - start_;                                                                 \
	})

#endif
