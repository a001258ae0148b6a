/*
 * The table of System V identifiers: an array that grows, and a hash by key.
 *
 * Locks: an object's lock comes after the table's; the table's guards the places only. A finder
 * takes a reference under the table's lock, lets go of it, and locks the object.
 */
#include "ipc/sysv_ids.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/slab.h"

#define INDEX_MASK   (SYSV_IDS_MAX - 1)
#define SEQUENCE_MAX (0x7fffffffu >> SYSV_INDEX_BITS)
#define FIRST_SLOTS  32

static s32 (*pid_hook)(void);

void sysv_init(s32 (*pid)(void))
{
	pid_hook = pid;
}

s32 sysv_pid(void)
{
	return pid_hook ? pid_hook() : 0;
}

s64 sysv_now(void)
{
	return (s64)(clock_realtime() / NSEC_PER_SEC);
}

void sysv_object_put(struct sysv_object *object)
{
	if (ref_put(&object->refs))
		object->ids->free(object);
}

void sysv_end(struct sysv_object *object)
{
	spin_unlock(&object->lock);
	sysv_object_put(object);
}

static struct hlist_head *bucket(struct sysv_ids *ids, s32 key)
{
	u32 x = (u32)key;

	return &ids->keys[(x ^ x >> 6 ^ x >> 16 ^ x >> 24) % SYSV_BUCKETS];
}

static struct sysv_object *find_key_locked(struct sysv_ids *ids, s32 key)
{
	struct sysv_object *object;

	hlist_for_each_entry(object, bucket(ids, key), by_key)
		if (object->key == key)
			return object;
	return NULL;
}

/* Locks an object that the caller has a reference to: 0, or -EIDRM and the reference is gone. */
static int lock_live(struct sysv_object *object)
{
	spin_lock(&object->lock);
	if (likely(!object->removed))
		return 0;
	sysv_end(object);
	return -EIDRM;
}

int sysv_find(struct sysv_ids *ids, s32 id, struct sysv_object **out)
{
	struct sysv_object *object = NULL;
	u32 index = (u32)id & INDEX_MASK;

	if (id < 0)
		return -EINVAL;
	spin_lock(&ids->lock);
	if (index < ids->n_slots)
		object = ids->slots[index];
	if (object && object->id == id)
		sysv_object_get(object);
	else
		object = NULL;
	spin_unlock(&ids->lock);
	*out = object;
	return object ? lock_live(object) : -EINVAL;
}

int sysv_find_index(struct sysv_ids *ids, s32 index, struct sysv_object **out)
{
	struct sysv_object *object = NULL;

	if (index < 0)
		return -EINVAL;
	spin_lock(&ids->lock);
	if ((u32)index < ids->n_slots)
		object = ids->slots[index];
	if (object)
		sysv_object_get(object);
	spin_unlock(&ids->lock);
	*out = object;
	return object ? lock_live(object) : -EINVAL;
}

struct sysv_object *sysv_next(struct sysv_ids *ids, u32 *index)
{
	for (;;) {
		struct sysv_object *object = NULL;

		spin_lock(&ids->lock);
		while (*index < ids->n_slots && !ids->slots[*index])
			++*index;
		if (*index < ids->n_slots) {
			object = ids->slots[*index];
			sysv_object_get(object);
		}
		spin_unlock(&ids->lock);
		if (!object || !lock_live(object))
			return object;
		++*index;
	}
}

int sysv_permission(const struct sysv_object *object, u32 wanted, const struct cred *cred)
{
	u32 have = object->mode;

	wanted = wanted >> 6 | wanted >> 3 | wanted;
	if (cred->euid == object->cuid || cred->euid == object->uid)
		have >>= 6;
	else if (cred_in_group(cred, object->cgid) || cred_in_group(cred, object->gid))
		have >>= 3;
	return (wanted & ~have & 7) && !cred_capable(cred, CAP_IPC_OWNER) ? -EACCES : 0;
}

int sysv_may_control(const struct sysv_object *object, const struct cred *cred)
{
	if (cred->euid == object->cuid || cred->euid == object->uid)
		return 0;
	return cred_capable(cred, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/* Makes room for one more: 0, -ENOSPC, -ENOMEM. Table locked; the lock is dropped to allocate. */
static int grow_locked(struct sysv_ids *ids)
{
	while (ids->n_used == ids->n_slots) {
		u32 n = ids->n_slots ? min(ids->n_slots * 2, SYSV_IDS_MAX) : FIRST_SLOTS;
		struct sysv_object **slots, **old;

		if (ids->n_slots == SYSV_IDS_MAX)
			return -ENOSPC;
		spin_unlock(&ids->lock);
		slots = kmalloc_array(n, sizeof(*slots), MM_KERNEL | MM_ZERO);
		spin_lock(&ids->lock);
		if (!slots)
			return -ENOMEM;
		old = slots;
		if (ids->n_slots < n) {
			old = ids->slots;
			if (old)
				memcpy(slots, old, ids->n_slots * sizeof(*slots));
			ids->slots = slots;
			ids->n_slots = n;
		}
		spin_unlock(&ids->lock);
		kfree(old);
		spin_lock(&ids->lock);
	}
	return 0;
}

/* Gives the object the lowest free place and its identifier. Table locked, with room. */
static void place_locked(struct sysv_ids *ids, struct sysv_object *object)
{
	u32 index = 0;

	while (ids->slots[index])
		index++;
	if (index <= ids->last_index && ++ids->sequence > SEQUENCE_MAX)
		ids->sequence = 0;
	ids->last_index = index;
	object->id = (s32)(ids->sequence << SYSV_INDEX_BITS | index);
	ids->slots[index] = object;
	ids->n_used++;
	if (object->key != IPC_PRIVATE)
		hlist_add_head(&object->by_key, bucket(ids, object->key));
}

/* A key that exists: its identifier, if the caller may have it. */
static int get_existing(struct sysv_object *object, const struct sysv_maker *maker,
			const struct cred *cred)
{
	int err = lock_live(object);

	if (err)
		return err;
	if ((maker->flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		err = -EEXIST;
	else if (maker->fits)
		err = maker->fits(maker, object);
	if (!err)
		err = sysv_permission(object, maker->flags, cred);
	if (!err)
		err = object->id;
	sysv_end(object);
	return err;
}

/* Enters a new object unless its key exists by now: its identifier, or -EAGAIN. */
static int get_new(struct sysv_ids *ids, struct sysv_object *object)
{
	int err;

	spin_lock(&ids->lock);
	err = ids->n_used >= READ_ONCE(ids->max) ? -ENOSPC : grow_locked(ids);
	if (!err && object->key != IPC_PRIVATE && find_key_locked(ids, object->key))
		err = -EAGAIN;
	if (!err) {
		place_locked(ids, object);
		err = object->id;
	}
	spin_unlock(&ids->lock);
	return err;
}

int sysv_get(struct sysv_ids *ids, s32 key, const struct sysv_maker *maker, const struct cred *cred)
{
	struct sysv_object *object;
	int err;

	do {
		object = NULL;
		if (key != IPC_PRIVATE) {
			spin_lock(&ids->lock);
			object = find_key_locked(ids, key);
			if (object)
				sysv_object_get(object);
			spin_unlock(&ids->lock);
			if (!object && !(maker->flags & IPC_CREAT))
				return -ENOENT;
		}
		if (object) {
			err = get_existing(object, maker, cred);
			continue;
		}
		err = maker->make(maker, &object);
		if (err)
			return err;
		spin_init(&object->lock, RANK_FILE, "sysv");
		ref_set(&object->refs, 1);
		object->ids = ids;
		object->key = key;
		object->uid = object->cuid = cred->euid;
		object->gid = object->cgid = cred->egid;
		object->mode = maker->flags & 0777;
		object->ctime = sysv_now();
		err = get_new(ids, object);
		if (err < 0)
			sysv_object_put(object);
	} while (err == -ABI_EAGAIN || err == -ABI_EIDRM);
	return err;
}

static void hide_locked(struct sysv_object *object)
{
	if (object->key == IPC_PRIVATE)
		return;
	hlist_del(&object->by_key);
	object->key = IPC_PRIVATE;
}

void sysv_hide(struct sysv_object *object)
{
	struct sysv_ids *ids = object->ids;

	/* The table's lock comes first. */
	spin_unlock(&object->lock);
	spin_lock(&ids->lock);
	spin_lock(&object->lock);
	hide_locked(object);
	spin_unlock(&ids->lock);
}

void sysv_remove(struct sysv_object *object)
{
	struct sysv_ids *ids = object->ids;

	/* From here on nobody else finds it alive. */
	object->removed = true;
	spin_unlock(&object->lock);
	spin_lock(&ids->lock);
	spin_lock(&object->lock);
	hide_locked(object);
	ids->slots[(u32)object->id & INDEX_MASK] = NULL;
	ids->n_used--;
	spin_unlock(&ids->lock);
	/* The caller has a reference, so this is not the last. */
	(void)!ref_put(&object->refs);
}

void sysv_perm_get(const struct sysv_object *object, struct ipc64_perm *out)
{
	*out = (struct ipc64_perm){
		.key = object->key,
		.uid = object->uid,
		.gid = object->gid,
		.cuid = object->cuid,
		.cgid = object->cgid,
		.mode = object->mode,
		.seq = (u16)((u32)object->id >> SYSV_INDEX_BITS),
	};
}

int sysv_perm_set(struct sysv_object *object, const struct ipc64_perm *in)
{
	if (in->uid == ~0u || in->gid == ~0u)
		return -EINVAL;
	object->uid = in->uid;
	object->gid = in->gid;
	object->mode = (object->mode & ~0777u) | (in->mode & 0777);
	return 0;
}

int sysv_set(struct sysv_ids *ids, s32 id, const struct ipc64_perm *in, const struct cred *cred)
{
	struct sysv_object *object;
	int err = sysv_find(ids, id, &object);

	if (err)
		return err;
	err = sysv_may_control(object, cred);
	if (!err)
		err = sysv_perm_set(object, in);
	if (!err)
		object->ctime = sysv_now();
	sysv_end(object);
	return err;
}

int sysv_find_stat(struct sysv_ids *ids, s32 number, enum sysv_by by, const struct cred *cred,
		   struct sysv_object **out)
{
	int err = by == SYSV_BY_ID ? sysv_find(ids, number, out)
				   : sysv_find_index(ids, number, out);

	if (err)
		return err;
	err = by == SYSV_BY_INDEX_ANY ? 0 : sysv_permission(*out, S_IRUGO, cred);
	if (err) {
		sysv_end(*out);
		return err;
	}
	return by == SYSV_BY_ID ? 0 : (*out)->id;
}

int sysv_highest(struct sysv_ids *ids, u32 *used)
{
	u32 n;

	spin_lock(&ids->lock);
	for (n = ids->n_slots; n && !ids->slots[n - 1]; n--)
		;
	*used = ids->n_used;
	spin_unlock(&ids->lock);
	return n ? (int)n - 1 : 0;
}
