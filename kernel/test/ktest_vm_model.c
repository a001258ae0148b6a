/*
 * Address spaces against a model. Each thread does random calls on a range of its own space and on
 * up to three forks of it, and keeps what every page should hold; after each fork's life, and at
 * the end, everything is compared. The seed is printed.
 */
#include "abi/mman.h"
#include "core/random.h"
#include "mm/slab.h"
#include "sched/wait.h"
#include "test/ktest.h"
#include "test/ktest_vm_int.h"

#define P ((vaddr_t)PAGE_SIZE)
#define BASE ((vaddr_t)0x10000000)
#define PAGES 512
#define FORKS 3
#define THREADS 4
#define ROUNDS 5
#define CALLS 300

enum access { ABSENT, NO_ACCESS, READ_ONLY, READ_WRITE };

struct model {
	u8 access[PAGES];   /* enum access */
	bool shared[PAGES];
	u64 word[PAGES];    /* the first of the page */
};

struct run {
	u64 seed;
	struct aspace *as, *fork[FORKS];
	struct model *model, *fork_model; /* fork_model[FORKS] */
	struct ktest_file *file;
	unsigned at, n;     /* the pages of this call */
};

static struct {
	struct wait_queue wait;
	u32 alive;
	u32 next;
	u64 seed;
	struct ktest_file *file;
} crew;

static u64 draw(struct run *r, u64 limit)
{
	r->seed = r->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (r->seed >> 33) % limit;
}

static vaddr_t address(unsigned page) { return BASE + page * P; }

static bool tree_right(struct aspace *as)
{
	vaddr_t end = 0;
	u64 pages = 0;
	unsigned n = 0;

	for (struct vm_area *area = area_first(as); area; area = area_next(area)) {
		if (area->start < end || area->end <= area->start || area->gap != area->start - end)
			return false;
		end = area->end;
		pages += (area->end - area->start) / P;
		n++;
	}
	return n == as->n_areas && pages == as->n_total;
}

/* Compares the current space. */
static void compare(struct aspace *as, const struct model *m)
{
	u64 wrong = 0, value;

	for (unsigned i = 0; i < PAGES; i++) {
		bool there = ktest_load(address(i), &value);

		wrong += there != (m->access[i] >= READ_ONLY) || (there && value != m->word[i]);
	}
	KTEST_CHECK(wrong == 0);
	KTEST_CHECK(tree_right(as));
}

static void compare_fork(struct run *r, unsigned k)
{
	(void)aspace_switch(r->fork[k]);
	compare(r->fork[k], &r->fork_model[k]);
	(void)aspace_switch(r->as);
}

static void call_map(struct run *r)
{
	bool of_file = draw(r, 5) == 0, shared = !of_file && draw(r, 8) == 0;
	struct map_request req = { .addr = address(r->at),
				   .length = r->n * P,
				   .map_flags = MAP_FIXED,
				   .flags = KTEST_RW };
	vaddr_t at;

	if (of_file) {
		req.cache = &r->file->cache;
		req.index = r->at;
	} else if (shared) {
		req.flags |= AREA_SHARED;
	}
	KTEST_CHECK(vm_map(r->as, &req, &at) == 0);
	for (unsigned i = r->at; i < r->at + r->n; i++) {
		r->model->access[i] = READ_WRITE;
		r->model->shared[i] = shared;
		r->model->word[i] = of_file ? ktest_file_word(i, 0) : 0;
	}
}

static void call_unmap(struct run *r)
{
	KTEST_CHECK(vm_unmap(r->as, address(r->at), r->n * P) == 0);
	for (unsigned i = r->at; i < r->at + r->n; i++)
		r->model->access[i] = ABSENT;
}

static void call_protect(struct run *r)
{
	static const u32 prot[] = { [NO_ACCESS] = PROT_NONE,
				    [READ_ONLY] = PROT_READ,
				    [READ_WRITE] = PROT_READ | PROT_WRITE };
	enum access access = NO_ACCESS + (enum access)draw(r, 3);
	unsigned i;

	int err = vm_protect(r->as, address(r->at), r->n * P, prot[access]);

	/* Up to the first gap it is done all the same. */
	for (i = r->at; i < r->at + r->n && r->model->access[i] != ABSENT; i++)
		r->model->access[i] = (u8)access;
	KTEST_CHECK(err == (i == r->at + r->n ? 0 : -ENOMEM));
}

static void store_all(struct run *r, struct model *m)
{
	u64 wrong = 0;

	for (unsigned i = r->at; i < r->at + r->n; i++) {
		u64 value = draw(r, ~0ull);
		bool done = ktest_store(address(i), value);

		wrong += done != (m->access[i] == READ_WRITE);
		if (done)
			m->word[i] = value;
	}
	KTEST_CHECK(wrong == 0);
}

static void call_move(struct run *r)
{
	unsigned to = (unsigned)draw(r, PAGES);
	struct vm_area *area = area_find(r->as, address(r->at));
	bool whole = area && area->start <= address(r->at) && area->end >= address(r->at + r->n);
	vaddr_t at;
	int err;

	if (to + r->n > PAGES || (to < r->at + r->n && r->at < to + r->n) || !whole)
		return;
	err = vm_remap(r->as, address(r->at), r->n * P, r->n * P, MREMAP_MAYMOVE | MREMAP_FIXED,
		       address(to), &at);
	KTEST_CHECK(err == 0 && at == address(to));
	for (unsigned i = 0; i < r->n; i++) {
		r->model->access[to + i] = r->model->access[r->at + i];
		r->model->shared[to + i] = r->model->shared[r->at + i];
		r->model->word[to + i] = r->model->word[r->at + i];
		r->model->access[r->at + i] = ABSENT;
	}
}

static void end_fork(struct run *r, unsigned k)
{
	compare_fork(r, k);
	aspace_put_user(r->fork[k]);
	r->fork[k] = NULL;
}

static void call_fork(struct run *r)
{
	unsigned k = (unsigned)draw(r, FORKS);

	if (r->fork[k]) {
		compare(r->as, r->model);
		end_fork(r, k);
		return;
	}
	/* The model keeps spaces apart, so what they share cannot be in it. */
	for (unsigned i = 0; i < PAGES; i++)
		if (r->model->access[i] != ABSENT && r->model->shared[i])
			return;
	KTEST_CHECK(aspace_fork(r->as, &r->fork[k]) == 0);
	r->fork_model[k] = *r->model;
}

static void call_store_in_fork(struct run *r)
{
	unsigned k = (unsigned)draw(r, FORKS);

	if (!r->fork[k])
		return;
	(void)aspace_switch(r->fork[k]);
	store_all(r, &r->fork_model[k]);
	(void)aspace_switch(r->as);
}

static void call_poke(struct run *r)
{
	struct model *m = r->model;
	u64 value = draw(r, ~0ull);
	bool done = aspace_poke(r->as, address(r->at), &value, sizeof(value), true) ==
		    sizeof(value);

	KTEST_CHECK(done == (m->access[r->at] != ABSENT &&
			     (!m->shared[r->at] || m->access[r->at] == READ_WRITE)));
	if (done)
		m->word[r->at] = value;
}

static void one_call(struct run *r)
{
	static void (*const call[])(struct run *) = { call_map,		  call_map,  call_unmap,
						      call_protect,	  call_move, call_fork,
						      call_store_in_fork, call_poke };
	u64 which = draw(r, 12);

	r->at = (unsigned)draw(r, PAGES);
	r->n = min(1 + (unsigned)draw(r, draw(r, 4) ? 8 : 100), PAGES - r->at);
	if (which < ARRAY_SIZE(call))
		call[which](r);
	else
		store_all(r, r->model);
}

static void run_once(u64 seed)
{
	struct run r = { .seed = seed,
			 .file = crew.file,
			 .model = kzalloc(sizeof(struct model) * (1 + FORKS), MM_KERNEL) };

	KTEST_CHECK(r.model);
	if (!r.model)
		return;
	r.fork_model = r.model + 1;
	r.as = ktest_space_enter();
	for (unsigned i = 0; i < CALLS; i++) {
		one_call(&r);
		if (i % 16 == 0)
			sched_yield();
	}
	compare(r.as, r.model);
	for (unsigned k = 0; k < FORKS; k++)
		if (r.fork[k])
			end_fork(&r, k);
	ktest_space_leave(r.as);
	kfree(r.model);
}

static void model_thread(void *arg)
{
	for (unsigned i = 0; i < ROUNDS; i++)
		run_once(crew.seed + __atomic_fetch_add(&crew.next, 1, __ATOMIC_RELAXED) * 7919);
	if (__atomic_sub_fetch(&crew.alive, 1, __ATOMIC_SEQ_CST) == 0)
		wait_wake(&crew.wait, 0);
}

KTEST(vm_model)
{
	u64 before = ktest_frames_settle();

	crew.seed = random_u64();
	crew.alive = THREADS;
	crew.file = ktest_file_create(PAGES * P);
	wait_init(&crew.wait);
	ktest_note("seed %llx", (unsigned long long)crew.seed);
	for (unsigned i = 0; i < THREADS; i++)
		KTEST_CHECK(kthread_start("model", model_thread, NULL) == 0);
	wait_until(&crew.wait, !READ_ONCE(crew.alive));
	ktest_file_destroy(crew.file);
	KTEST_CHECK(ktest_frames_settle() + 64 >= before && vm_committed() == 0);
}
