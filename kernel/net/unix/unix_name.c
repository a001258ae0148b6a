/*
 * Names of AF_UNIX sockets (unix(7)): paths, whose socket file is made by bind(2) and found by its
 * inode; abstract names, which begin with a NUL and of which each type has its own set; names that
 * the kernel chooses (autobind). One table has both kinds.
 *
 * Locks: table_lock (RANK_NET_HASH). A socket that is in the table has a reference to give; it
 * leaves the table before it drops its own.
 */
#include "net/unix/unix_int.h"

#include "abi/stat.h"
#include "core/random.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "mm/slab.h"

#define BUCKETS 256 /* power of two */

static struct spinlock table_lock = SPINLOCK_INIT(RANK_NET_HASH, "unix_names");
static struct hlist_head names[BUCKETS]; /* table_lock */
static LIST_HEAD(all);                   /* table_lock: by cookie */
static u32 n_all;                        /* table_lock */

/* Lists and tables ----------------------------------------------------------------------------- */

void unix_enter(struct unix_sock *u)
{
	hlist_node_init(&u->name_link);
	spin_lock(&table_lock);
	list_add_tail(&u->sock.link, &all);
	n_all++;
	spin_unlock(&table_lock);
}

void unix_forget(struct unix_sock *u)
{
	spin_lock(&table_lock);
	if (!hlist_unhashed(&u->name_link))
		hlist_del(&u->name_link);
	list_del_init(&u->sock.link);
	n_all--;
	spin_unlock(&table_lock);
	if (u->path.dentry)
		path_put(&u->path);
}

u32 unix_count(void)
{
	return READ_ONCE(n_all);
}

void unix_address_put(struct unix_address *address)
{
	if (ref_put(&address->refs))
		kfree(address);
}

static u32 abstract_hash(const struct unix_address *a, u16 type)
{
	return (u32)hash_bytes(a->name.sun_path, a->length - UNIX_NAME_AT, type);
}

static u32 inode_hash(const struct inode *inode)
{
	return (u32)hash_ptr(inode, 32);
}

static bool is_abstract(const struct unix_address *a)
{
	return !a->name.sun_path[0];
}

static struct unix_sock *find_abstract_locked(const struct unix_address *a, u16 type, u32 hash)
{
	struct unix_sock *u;

	hlist_for_each_entry(u, &names[hash % BUCKETS], name_link)
		if (u->name_hash == hash && u->sock.type == type && !u->path.dentry &&
		    u->address->length == a->length &&
		    !memcmp(u->address->name.sun_path, a->name.sun_path, a->length - UNIX_NAME_AT))
			return u;
	return NULL;
}

static struct unix_sock *find_inode_locked(const struct inode *inode)
{
	u32 hash = inode_hash(inode);
	struct unix_sock *u;

	hlist_for_each_entry(u, &names[hash % BUCKETS], name_link)
		if (u->path.dentry && u->path.dentry->inode == inode)
			return u;
	return NULL;
}

/* Gives u its name and enters it: 0, -EINVAL (it has one), -EADDRINUSE. The reference to `a` and
 * to `path` (NULL: abstract) is taken over on success. */
static int name_set(struct unix_sock *u, struct unix_address *a, const struct path *path)
{
	u32 hash = path ? inode_hash(path->dentry->inode) : abstract_hash(a, u->sock.type);
	int err = 0;

	spin_lock(&u->sock.lock);
	spin_lock(&table_lock);
	if (u->address)
		err = -EINVAL;
	else if (!path && find_abstract_locked(a, u->sock.type, hash))
		err = -EADDRINUSE;
	if (!err) {
		if (path)
			u->path = *path;
		u->name_hash = hash;
		__atomic_store_n(&u->address, a, __ATOMIC_RELEASE);
		hlist_add_head(&u->name_link, &names[hash % BUCKETS]);
	}
	spin_unlock(&table_lock);
	spin_unlock(&u->sock.lock);
	return err;
}

/* Addresses ------------------------------------------------------------------------------------ */

static int address_check(const struct sockaddr_storage *a, u32 length)
{
	if (length <= UNIX_NAME_AT || length > sizeof(struct sockaddr_un) ||
	    a->ss_family != AF_UNIX)
		return -EINVAL;
	return 0;
}

/* A checked address as an object: a path ends in a NUL that counts, an abstract name is all of its
 * bytes. NULL: no memory. */
static struct unix_address *address_make(const struct sockaddr_storage *from, u32 length)
{
	struct unix_address *a = kzalloc(sizeof(*a), MM_KERNEL);

	if (!a)
		return NULL;
	ref_set(&a->refs, 1);
	memcpy(&a->name, from, length);
	if (!is_abstract(a))
		length = (u32)(UNIX_NAME_AT + strnlen(a->name.sun_path, length - UNIX_NAME_AT) + 1);
	a->length = length;
	return a;
}

static struct walk caller_walk(void)
{
	struct sock_caller c = sock_caller();

	return (struct walk){ .cred = c.cred, .fs = c.fs };
}

static int bind_path(struct unix_sock *u, struct unix_address *a)
{
	struct walk walk = caller_walk();
	struct path path;
	int err = vfs_make_socket(&walk, a->name.sun_path, 0777, &path);

	if (err)
		return err == -ABI_EEXIST ? -EADDRINUSE : err;
	err = name_set(u, a, &path);
	if (err) { /* another thread was faster */
		path_put(&path);
		vfs_unlink(&walk, a->name.sun_path);
	}
	return err;
}

int unix_autobind(struct unix_sock *u)
{
	static const char digits[] = "0123456789abcdef";
	struct unix_address *a;
	u32 number;
	int err = -EADDRINUSE;

	if (READ_ONCE(u->address))
		return 0;
	a = kzalloc(sizeof(*a), MM_KERNEL);
	if (!a)
		return -ENOMEM;
	ref_set(&a->refs, 1);
	a->name.sun_family = AF_UNIX;
	a->length = UNIX_NAME_AT + 6; /* a NUL and five digits */
	random_bytes(&number, sizeof(number));
	for (u32 tries = 0; err == -ABI_EADDRINUSE && tries < 1u << 20; tries++, number++) {
		for (unsigned i = 0; i < 5; i++)
			a->name.sun_path[1 + i] = digits[number >> (4 * i) & 15];
		err = name_set(u, a, NULL);
	}
	if (err)
		kfree(a);
	return err == -ABI_EADDRINUSE ? -ENOSPC : err == -ABI_EINVAL ? 0 : err;
}

int unix_bind(struct sock *s, const struct sockaddr_storage *from, u32 length)
{
	struct unix_sock *u = unix_sock(s);
	struct unix_address *a;
	int err;

	if (length == UNIX_NAME_AT && from->ss_family == AF_UNIX)
		return unix_autobind(u);
	err = address_check(from, length);
	if (err)
		return err;
	a = address_make(from, length);
	if (!a)
		return -ENOMEM;
	err = is_abstract(a) ? name_set(u, a, NULL) : bind_path(u, a);
	if (err)
		kfree(a);
	return err;
}

static int find_path(const struct unix_address *a, u16 type, struct unix_sock **out)
{
	struct walk walk = caller_walk();
	struct path path;
	struct inode *inode;
	int err = path_lookup(&walk, a->name.sun_path, WALK_FOLLOW, &path);

	if (err)
		return err;
	inode = path.dentry->inode;
	err = inode_permission(inode, walk.cred, MAY_WRITE);
	if (!err && !S_ISSOCK(inode->mode))
		err = -ECONNREFUSED;
	if (!err) {
		spin_lock(&table_lock);
		*out = find_inode_locked(inode);
		if (!*out)
			err = -ECONNREFUSED;
		else if ((*out)->sock.type != type)
			err = -EPROTOTYPE;
		else
			sock_get(&(*out)->sock);
		spin_unlock(&table_lock);
	}
	path_put(&path);
	return err;
}

static int find_abstract(const struct unix_address *a, u16 type, struct unix_sock **out)
{
	u32 hash = abstract_hash(a, type);

	spin_lock(&table_lock);
	*out = find_abstract_locked(a, type, hash);
	if (*out)
		sock_get(&(*out)->sock);
	spin_unlock(&table_lock);
	return *out ? 0 : -ECONNREFUSED;
}

int unix_find(const struct sockaddr_storage *from, u32 length, u16 type, struct unix_sock **out)
{
	struct unix_address a;
	int err = address_check(from, length);

	if (err)
		return err;
	memset(&a, 0, sizeof(a));
	memcpy(&a.name, from, length);
	a.length = length;
	return is_abstract(&a) ? find_abstract(&a, type, out) : find_path(&a, type, out);
}

/* Looking at all of them ----------------------------------------------------------------------- */

struct unix_sock *unix_after(u64 cookie)
{
	struct sock *s;

	spin_lock(&table_lock);
	list_for_each_entry(s, &all, link) {
		if (s->cookie > cookie) {
			sock_get(s);
			spin_unlock(&table_lock);
			return unix_sock(s);
		}
	}
	spin_unlock(&table_lock);
	return NULL;
}

struct unix_sock *unix_next(struct unix_sock *prev)
{
	struct sock *s, *found = NULL;

	spin_lock(&table_lock);
	if (prev && !list_empty(&prev->sock.link)) {
		if (!list_entry_is_head(list_next_entry(&prev->sock, link), &all, link))
			found = list_next_entry(&prev->sock, link);
	} else {
		list_for_each_entry(s, &all, link)
			if (!prev || s->cookie > prev->sock.cookie) {
				found = s;
				break;
			}
	}
	if (found)
		sock_get(found);
	spin_unlock(&table_lock);
	unix_put(prev);
	return found ? unix_sock(found) : NULL;
}

/* The state of the socket as a file: SS_* of <linux/net.h>. */
static unsigned show_state(bool connected, bool has_file)
{
	if (has_file)
		return connected ? 3 : 1; /* SS_CONNECTED, SS_UNCONNECTED */
	return connected ? 2 : 4;         /* SS_CONNECTING, SS_DISCONNECTING */
}

static void show_one(struct format_sink *out, struct unix_sock *u)
{
	const struct unix_address *a;
	bool listens, connected;
	char name[UNIX_PATH_MAX + 1];
	u32 length = 0;
	u64 ino;

	spin_lock(&u->sock.lock);
	listens = u->state == UNIX_LISTEN;
	connected = u->state == UNIX_CONNECTED;
	ino = u->sock.ino;
	a = u->address;
	spin_unlock(&u->sock.lock);
	if (a) {
		length = min(a->length - (u32)UNIX_NAME_AT, (u32)UNIX_PATH_MAX);
		for (u32 i = 0; i < length; i++)
			name[i] = a->name.sun_path[i] ?: '@';
		if (!is_abstract(a) && !a->name.sun_path[length - 1])
			length--;
	}
	name[length] = 0;
	/* Addresses are nobody's business: a number of its own tells sockets apart. */
	format_to(out, "%016llx: %08X 00000000 %08X %04X %02X %5llu%s%s\n",
	       (unsigned long long)u->sock.cookie, ref_read(&u->sock.refs),
	       listens ? 0x10000u : 0u, u->sock.type, show_state(connected, ino != 0),
	       (unsigned long long)ino, a ? " " : "", name);
}

void unix_show(struct format_sink *out)
{
	format_to(out, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	for (struct unix_sock *u = unix_next(NULL); u; u = unix_next(u))
		show_one(out, u);
}
