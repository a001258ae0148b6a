/* What the self-tests of vm share: a space to run in, and a file on an imaginary disk. */
#pragma once

#include "sched/work.h"
#include "vm/aspace.h"

/* Runs the test in a new empty address space, and takes it down again. */
struct aspace *ktest_space_enter(void);
void ktest_space_leave(struct aspace *as);
/* Maps anonymous memory (private unless AREA_SHARED is in flags): the address, or 0. */
vaddr_t ktest_map(struct aspace *as, vaddr_t addr, u64 length, u32 flags, u32 map_flags);
/* Stores and loads a word of the current space: whether it could. */
bool ktest_store(vaddr_t addr, u64 value);
bool ktest_load(vaddr_t addr, u64 *value);
#define KTEST_RW (AREA_READ | AREA_WRITE | AREA_MAYREAD | AREA_MAYWRITE | AREA_MAYEXEC)

/*
 * A file whose word w of page p holds p << 16 | w until it is written; writes to the first
 * KTEST_FILE_KEPT pages are kept.
 */
#define KTEST_FILE_KEPT 256
struct ktest_file {
	struct pagecache cache;
	u64 size;               /* bytes */
	char *kept;             /* written pages */
	u8 written[KTEST_FILE_KEPT];
	u64 n_reads, n_writes;  /* calls of ops */
	u64 pages_read, pages_written;
	bool fail;              /* all I/O fails */
	int refs;               /* references by areas */
};
struct ktest_file *ktest_file_create(u64 size);
void ktest_file_destroy(struct ktest_file *file);
vaddr_t ktest_map_file(struct aspace *as, struct ktest_file *file, pgoff_t index, u64 length,
		       u32 flags);
static inline u64 ktest_file_word(pgoff_t page, unsigned word) { return page << 16 | word; }
