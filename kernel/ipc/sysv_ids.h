/*
 * System V identifiers (sysvipc(7)): what shared memory segments, semaphore sets and message queues
 * have in common. Each kind is a table of objects, found by identifier or, unless private, by key.
 *
 * An identifier is an index into the table and a sequence number that changes when the index is
 * used again, so that a stale identifier finds nothing.
 *
 * The table owns a reference to each object; whoever finds one gets another. A removed object is
 * marked (`removed`) under its lock, and those who have it still see that after taking the lock.
 */
#pragma once

#include "abi/ipc.h"
#include "core/refcount.h"
#include "core/spinlock.h"
#include "lib/list.h"
#include "vfs/cred.h"

#define SYSV_INDEX_BITS 15
#define SYSV_IDS_MAX    (1u << SYSV_INDEX_BITS)

struct sysv_ids;

/* I: constant.  o: lock.  t: the table's lock. */
struct sysv_object {
	struct refcount refs;
	struct spinlock lock;      /* RANK_FILE */
	struct sysv_ids *ids;      /* I */
	s32 id;                    /* I */
	s32 key;                   /* t to change, with o */
	u32 uid, gid;              /* o: owner */
	u32 cuid, cgid;            /* I: creator */
	u32 mode;                  /* o: permissions, and a kind's own bits above 0777 */
	s64 ctime;                 /* o: seconds */
	bool removed;              /* o */
	struct hlist_node by_key;  /* t */
};

#define SYSV_BUCKETS 64

/* t: lock.  I: constant. */
struct sysv_ids {
	struct spinlock lock;         /* RANK_FDTABLE */
	struct sysv_object **slots;   /* t */
	u32 n_slots;                  /* t */
	u32 n_used;                   /* t */
	u32 last_index, sequence;     /* t */
	struct hlist_head keys[SYSV_BUCKETS]; /* t */
	u32 max;                      /* a: most objects, a sysctl, at most SYSV_IDS_MAX */
	/* I: frees an object whose last reference has gone. No lock held. */
	void (*free)(struct sysv_object *object);
};

#define SYSV_IDS_INIT(max_, free_) \
	{ .lock = SPINLOCK_INIT(RANK_FDTABLE, "sysv_ids"), .max = (max_), .free = (free_) }

/* Tells this room how to learn the number of the current process. */
void sysv_init(s32 (*pid)(void));
s32 sysv_pid(void);
/* Seconds since 1970, for the times of objects. */
s64 sysv_now(void);

/* How to make an object of a kind, and to check one that exists. */
struct sysv_maker {
	/* A new object with its own fields filled in: 0, -ENOMEM, -EINVAL, -ENOSPC. */
	int (*make)(const struct sysv_maker *maker, struct sysv_object **out);
	/* Whether what the caller asks for fits an existing object: 0 or -EINVAL. Object locked. */
	int (*fits)(const struct sysv_maker *maker, const struct sysv_object *object);
	u64 size;   /* the caller's: bytes, semaphores */
	u32 flags;  /* the caller's: IPC_CREAT … and permissions */
};
/*
 * shmget(2) and its like: the identifier, or -ENOENT, -EEXIST, -EACCES, -ENOSPC, -ENOMEM, or what
 * the maker says.
 */
int sysv_get(struct sysv_ids *ids, s32 key, const struct sysv_maker *maker,
	     const struct cred *cred);

/* The object with the identifier, referenced and locked: 0 or -EINVAL, -EIDRM. */
int sysv_find(struct sysv_ids *ids, s32 id, struct sysv_object **out);
/* The same by index, whatever the sequence number (the *_STAT commands). */
int sysv_find_index(struct sysv_ids *ids, s32 index, struct sysv_object **out);
/* The first object at index *index or above, locked, and *index moved to it; NULL: none. */
struct sysv_object *sysv_next(struct sysv_ids *ids, u32 *index);
/* Unlocks and drops the reference. */
void sysv_end(struct sysv_object *object);
static inline void sysv_object_get(struct sysv_object *o) { ref_get(&o->refs); }
void sysv_object_put(struct sysv_object *object);

/* Whether the caller may: `wanted` are bits as in a file mode, any of the three: 0 or -EACCES. */
int sysv_permission(const struct sysv_object *object, u32 wanted, const struct cred *cred);
/* Whether the caller may change or remove it: 0 or -EPERM. Object locked. */
int sysv_may_control(const struct sysv_object *object, const struct cred *cred);
/*
 * Takes the key away, so that only those who have the identifier find it. Object locked; the lock
 * is released for a moment, so it may be removed by the time of the return.
 */
void sysv_hide(struct sysv_object *object);
/*
 * Takes it out of the table and drops the table's reference; the caller has one of its own. Object
 * locked, not removed yet; the lock is released for a moment, when it counts as removed already.
 */
void sysv_remove(struct sysv_object *object);
/* Reads and changes (IPC_SET: owner and permissions) what user space sees of it. Locked. */
void sysv_perm_get(const struct sysv_object *object, struct ipc64_perm *out);
int sysv_perm_set(struct sysv_object *object, const struct ipc64_perm *in);
/* IPC_SET where nothing else is set: 0 or -EINVAL, -EIDRM, -EPERM. */
int sysv_set(struct sysv_ids *ids, s32 id, const struct ipc64_perm *in, const struct cred *cred);
/* IPC_STAT goes by identifier, the *_STAT commands by index; *_STAT_ANY needs no permission. */
enum sysv_by { SYSV_BY_ID, SYSV_BY_INDEX, SYSV_BY_INDEX_ANY };
/* The object that such a command is about, locked: what the command returns, or negative errno. */
int sysv_find_stat(struct sysv_ids *ids, s32 number, enum sysv_by by, const struct cred *cred,
		   struct sysv_object **out);
/* The highest index in use, 0 if none: what IPC_INFO returns; *used: how many are. */
int sysv_highest(struct sysv_ids *ids, u32 *used);
