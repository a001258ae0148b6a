/*
 * A journal that several threads use at once, its own among them, with commits at any time: every
 * handle is whole after any power cut.
 *
 * Each thread counts in two blocks of its own, in one that all share, and in one that it frees and
 * makes anew; after a replay all counts of a thread are the same, and not less than was promised.
 */
#include "test/host/jbd_model.h"

#include "sched/mutex.h"

#define THREADS 4u
#define N_LOG 160u
#define SIZE 1024u

/* What a thread's blocks begin with. */
struct count { u32 n, check; };

struct shared {
	struct model m;		/* its disk and journal; its pool is ours */
	struct mutex lock;	/* the shared block */
	u32 promised[THREADS];	/* under os_lock(), and so host_mark: 16 bits each */
	u32 n_handles;
	u32 stable[THREADS];	/* a: tid of which freed blocks were told to be free, or 0 */
};

struct worker { struct shared *s; unsigned number; u64 seed; u32 n, freed_tid; };

static struct shared *current;

static u32 chance(struct worker *w, u32 n)
{
	w->seed = w->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(w->seed >> 33) % n;
}

static void count_to(struct worker *w, u64 block, unsigned slot, u32 n)
{
	struct model *m = &w->s->m;
	struct count *c;
	struct bblock b;

	if (bcache_get(&m->disk->dev, block, SIZE, &b))
		abort();
	c = (struct count *)b.data + slot;
	*c = (struct count){ n, ~n };
	jbd_dirty(m->j, &b);
	bcache_put(&b);
}

/* Who does not want to wait is not told to come again for ever. */
static void handle_begin(struct worker *w, u32 credits)
{
	struct jbd *j = w->s->m.j;
	int err;

	if (chance(w, 2)) {
		if (jbd_begin(j, credits))
			abort();
		return;
	}
	while ((err = jbd_begin_soon(j, credits)) == -EAGAIN)
		os_yield();
	if (err)
		abort();
}

/* The n-th handle of a thread; now and then in two steps. */
static u32 handle_do(struct worker *w, u32 n)
{
	struct model *m = &w->s->m;
	u64 own = m->pool + 8 + 4 * w->number;
	u32 tid;

	handle_begin(w, 4);
	count_to(w, own, 0, n);
	mutex_lock(&w->s->lock);
	count_to(w, m->pool, w->number, n);
	mutex_unlock(&w->s->lock);
	if (chance(w, 4) == 0 && jbd_extend(m->j, 6) == 0)
		for (u32 i = 0; i < 4; i++)
			count_to(w, m->pool + 40 + chance(w, 40), w->number, n);
	count_to(w, own + 1, 0, n);
	tid = jbd_tid(m->j);
	/* Not used again before it is free for good. */
	if (w->freed_tid && __atomic_load_n(&w->s->stable[w->number], __ATOMIC_ACQUIRE) ==
	    w->freed_tid)
		w->freed_tid = 0;
	if (!w->freed_tid && chance(w, 3) == 0) {
		jbd_forget(m->j, own + 2, 1);
		w->freed_tid = tid;
		__atomic_store_n(&w->s->promised[w->number], tid, __ATOMIC_RELEASE);
	} else if (!w->freed_tid) {
		count_to(w, own + 2, 0, n);
	}
	jbd_end(m->j);
	return tid;
}

static void worker_run(void *arg)
{
	struct worker *w = arg;
	struct shared *s = w->s;

	for (w->n = 1; w->n <= s->n_handles; w->n++) {
		u32 tid = handle_do(w, w->n);

		if (chance(w, 8) == 0) {
			if (jbd_commit(s->m.j, tid))
				abort();
			os_lock();
			host_mark &= ~(0xffffull << 16 * w->number);
			host_mark |= (u64)w->n << 16 * w->number;
			os_unlock();
		}
		if (chance(w, 16) == 0)
			jbd_commit_start(s->m.j);
		if (chance(w, 16) == 0)
			(void)pagecache_write_range(&s->m.disk->dev.cache, 0, ~0ull, false);
		if (w->number == 0 && chance(w, 50) == 0) {
			if (jbd_freeze(s->m.j))
				abort();
			jbd_thaw(s->m.j);
		}
	}
}

static int write_data(void *owner, u32 tid) { return 0; }
static void aborted(void *owner, int error) { abort(); }

static void committed(void *owner, u32 tid)
{
	for (u32 i = 0; i < THREADS; i++)
		if (__atomic_load_n(&current->promised[i], __ATOMIC_ACQUIRE) == tid)
			__atomic_store_n(&current->stable[i], tid, __ATOMIC_RELEASE);
}

static const struct jbd_ops ops = { NULL, write_data, committed, aborted };

static struct count count_at(const struct model *m, const u8 *bytes, u64 block, unsigned slot)
{
	struct count c;

	memcpy(&c, bytes + block * SIZE + slot * sizeof(c), sizeof(c));
	return c;
}

/* A disk as it was left, replayed: every thread's counts agree. */
static bool disk_agrees(const struct model *m, const u8 *bytes, u64 mark)
{
	for (unsigned t = 0; t < THREADS; t++) {
		u64 own = m->pool + 8 + 4 * t;
		struct count a = count_at(m, bytes, own, 0), b = count_at(m, bytes, own + 1, 0);
		struct count all = count_at(m, bytes, m->pool, t);
		u32 least = (u32)(mark >> 16 * t & 0xffff);

		if (a.n != b.n || a.n != all.n || a.n < least || (a.n && a.check != ~a.n)) {
			unit_fail(__FILE__, __LINE__, "thread %u: %u, %u and %u, at least %u", t,
				  a.n, b.n, all.n, least);
			return false;
		}
	}
	return true;
}

static bool cut_agrees(const struct model *m, u32 n)
{
	u64 mark = n == m->disk->n_events ? host_mark : m->disk->events[n].mark;
	struct host_disk *d = host_disk_create(m->disk->size);
	struct jbd_config config = m->config;
	bool ok;

	host_disk_cut(m->disk, n, d->bytes);
	config.dev = &d->dev;
	ok = host_replay(d, &config) == 0 && disk_agrees(m, d->bytes, mark);
	host_disk_destroy(d);
	return ok;
}

TEST(threads)
{
	struct shared *s = current = calloc(1, sizeof(*s));
	struct worker workers[THREADS] = { 0 };

	s->n_handles = unit_full_form() ? 2000 : 150;
	mutex_init(&s->lock, RANK_FS, "shared");
	model_create(&s->m, SIZE, N_LOG, JBD_INCOMPAT_CSUM_V3);
	memset(s->m.disk->bytes + s->m.pool * SIZE, 0, MODEL_POOL * SIZE);
	host_disk_begin(s->m.disk);
	s->m.config.ops = &ops;
	s->m.config.interval_ns = 5 * NSEC_PER_MSEC;
	CHECK_EQ(model_open(&s->m), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .s = s, .number = i, .seed = i + 1 };
		host_thread(worker_run, &workers[i]);
	}
	host_join();
	CHECK_EQ(jbd_close(s->m.j), 0);
	host_io_finish();
	for (unsigned i = 0; i < THREADS; i++)
		CHECK_EQ(count_at(&s->m, s->m.disk->bytes, s->m.pool, i).n, s->n_handles);
	for (u32 n = 0; n <= s->m.disk->n_events; n++)
		if (unit_below(8) == 0 && !cut_agrees(&s->m, n))
			break;
	model_destroy(&s->m);
	free(s);
}

struct sleeper { struct jbd *j; u32 tid; bool done; };

static void sleeper_run(void *arg)
{
	struct sleeper *s = arg;

	if (jbd_begin(s->j, 2))
		abort();
	s->tid = jbd_tid(s->j);
	jbd_end(s->j);
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
}

/* What is old is committed without anybody's asking; a frozen journal holds who wants to begin. */
TEST(age_and_ice)
{
	struct sleeper s = { 0 };
	struct model m;
	u32 tid;

	model_create(&m, SIZE, N_LOG, 0);
	m.config.interval_ns = 10 * NSEC_PER_MSEC;
	CHECK_EQ(model_open(&m), 0);
	CHECK_EQ(model_step(&m, 3), 0);
	CHECK_EQ(jbd_begin(m.j, 1), 0);
	tid = jbd_tid(m.j);
	jbd_end(m.j);
	for (unsigned i = 0; i < 5000 && !jbd_is_stable(m.j, tid); i++) {
		os_lock();
		os_sleep(NSEC_PER_MSEC);
		os_unlock();
	}
	CHECK(jbd_is_stable(m.j, tid));
	CHECK_EQ(jbd_freeze(m.j), 0);
	s.j = m.j;
	host_thread(sleeper_run, &s);
	for (unsigned i = 0; i < 20; i++) {
		os_lock();
		os_sleep(NSEC_PER_MSEC);
		os_unlock();
	}
	CHECK(!__atomic_load_n(&s.done, __ATOMIC_ACQUIRE));
	jbd_thaw(m.j);
	host_join();
	CHECK(s.done && s.tid != tid);
	CHECK_EQ(jbd_close(m.j), 0);
	model_check_closed(&m);
	model_destroy(&m);
}
