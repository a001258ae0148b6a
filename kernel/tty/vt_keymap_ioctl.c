/*
 * ioctl_console(2) about the map of keys, which all consoles share: entries of its tables, strings
 * of function keys, accents. Who changes it must have CAP_SYS_TTY_CONFIG; for accents it is enough
 * that the console is one's own.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "tty/vt_console.h"

struct vt_keymap vt_keymap;

static bool may_configure(void)
{
	return cred_capable(cred_current(), CAP_SYS_TTY_CONFIG);
}

/* Key 0 says whether the table is there; a character has no name for who has no Unicode. */
static u16 entry_locked(const struct vt_console *c, const struct kbentry *e)
{
	const u16 *table = vt_keymap.table[e->kb_table];
	u16 keysym;

	if (!table)
		return e->kb_index ? K_HOLE : K_NOSUCHMAP;
	if (!e->kb_index)
		return K_ALLOCATED;
	keysym = table[e->kb_index];
	return KTYP(keysym) >= KT_TYPES && !c->keys.unicode ? K_HOLE : keysym;
}

static long entry_get(struct vt_console *c, struct kbentry __user *user)
{
	struct kbentry e;
	u64 flags;

	if (copy_in_obj(&e, user))
		return -EFAULT;
	flags = spin_lock_irq(&vt_lock);
	e.kb_value = entry_locked(c, &e);
	spin_unlock_irq(&vt_lock, flags);
	return copy_out_obj(user, &e);
}

/* Takes a table away: keys do nothing with these modifiers. Not the first one. */
static long table_remove(unsigned number)
{
	u16 *table;
	u64 flags;

	if (!number)
		return 0;
	flags = spin_lock_irq(&vt_lock);
	table = vt_keymap.table[number];
	vt_keymap.table[number] = NULL;
	spin_unlock_irq(&vt_lock, flags);
	kfree(table);
	return 0;
}

static u16 *table_alloc(void)
{
	u16 *table = kmalloc(VT_TABLE_BYTES, MM_KERNEL);

	for (unsigned i = 0; table && i < VT_KEYS; i++)
		table[i] = K_HOLE;
	return table;
}

static long entry_put(const struct kbentry *e)
{
	u16 *fresh = READ_ONCE(vt_keymap.table[e->kb_table]) ? NULL : table_alloc();
	long err = -ENOMEM;
	u64 flags = spin_lock_irq(&vt_lock);
	u16 **table = &vt_keymap.table[e->kb_table];

	if (!*table)
		swap(*table, fresh);
	if (*table) {
		(*table)[e->kb_index] = e->kb_value;
		err = 0;
	}
	spin_unlock_irq(&vt_lock, flags);
	kfree(fresh); /* somebody else made one meanwhile */
	return err;
}

static long entry_set(struct vt_console *c, const struct kbentry __user *user)
{
	struct kbentry e;

	if (copy_in_obj(&e, user))
		return -EFAULT;
	if (!may_configure())
		return -EPERM;
	if (!e.kb_index && e.kb_value == K_NOSUCHMAP)
		return table_remove(e.kb_table);
	if (!vt_keysym_is_valid(e.kb_value, READ_ONCE(c->keys.unicode)))
		return -EINVAL;
	if (e.kb_value == KEYSYM(KT_SPEC, SPEC_SAK) &&
	    !cred_capable(cred_current(), CAP_SYS_ADMIN))
		return -EPERM;
	return e.kb_index ? entry_put(&e) : 0;
}

static long function_get(struct kbsentry __user *user)
{
	char text[sizeof(user->kb_string)];
	u64 flags;
	u8 n;

	if (copy_in_obj(&n, &user->kb_func))
		return -EFAULT;
	flags = spin_lock_irq(&vt_lock);
	strlcpy(text, vt_keymap_function(&vt_keymap, n), sizeof(text));
	spin_unlock_irq(&vt_lock, flags);
	return copy_out(user->kb_string, text, strlen(text) + 1);
}

static long function_set(const struct kbsentry __user *user)
{
	char *text;
	u64 flags;
	long n;
	u8 number;

	if (!may_configure())
		return -EPERM;
	if (copy_in_obj(&number, &user->kb_func))
		return -EFAULT;
	text = kmalloc(sizeof(user->kb_string), MM_KERNEL);
	if (!text)
		return -ENOMEM;
	n = copy_in_string(text, (const char __user *)user->kb_string, sizeof(user->kb_string));
	if (n < 0) {
		kfree(text);
		return n == -ABI_ENAMETOOLONG ? -EINVAL : n;
	}
	flags = spin_lock_irq(&vt_lock);
	swap(vt_keymap.function[number], text);
	spin_unlock_irq(&vt_lock, flags);
	kfree(text);
	return 0;
}

/* A copy of all accents: n of them. */
static unsigned accents_copy(struct vt_accent *to)
{
	u64 flags = spin_lock_irq(&vt_lock);
	unsigned n = vt_keymap.n_accents;

	memcpy(to, vt_keymap.accents, n * sizeof(*to));
	spin_unlock_irq(&vt_lock, flags);
	return n;
}

static u8 to_byte(u32 code)
{
	return code < 256 ? (u8)code : 0;
}

static long accents_get(u64 arg, bool unicode, struct vt_accent *scratch)
{
	struct kbdiacrs __user *bytes = (struct kbdiacrs __user *)arg;
	struct kbdiacrsuc __user *codes = (struct kbdiacrsuc __user *)arg;
	u32 n = accents_copy(scratch);

	if (unicode && copy_out(codes->kbdiacruc, scratch, n * sizeof(*scratch)))
		return -EFAULT;
	for (u32 i = 0; !unicode && i < n; i++) {
		struct kbdiacr one = { to_byte(scratch[i].mark), to_byte(scratch[i].base),
				       to_byte(scratch[i].result) };

		if (copy_out_obj(&bytes->kbdiacr[i], &one))
			return -EFAULT;
	}
	return copy_out_obj((u32 __user *)arg, &n);
}

static long accents_in(u64 arg, bool unicode, struct vt_accent *to, u32 n)
{
	const struct kbdiacrs __user *bytes = (const struct kbdiacrs __user *)arg;
	const struct kbdiacrsuc __user *codes = (const struct kbdiacrsuc __user *)arg;

	if (unicode)
		return copy_in(to, codes->kbdiacruc, n * sizeof(*to)) ? -EFAULT : 0;
	for (u32 i = 0; i < n; i++) {
		struct kbdiacr one;

		if (copy_in_obj(&one, &bytes->kbdiacr[i]))
			return -EFAULT;
		to[i] = (struct vt_accent){ one.diacr, one.base, one.result };
	}
	return 0;
}

static long accents_set(u64 arg, bool unicode, struct vt_accent *scratch)
{
	u64 flags;
	long err;
	u32 n;

	if (copy_in_obj(&n, (const u32 __user *)arg))
		return -EFAULT;
	if (n >= VT_ACCENTS_MAX)
		return -EINVAL;
	err = accents_in(arg, unicode, scratch, n);
	if (err)
		return err;
	flags = spin_lock_irq(&vt_lock);
	memcpy(vt_keymap.accents, scratch, n * sizeof(*scratch));
	vt_keymap.n_accents = n;
	spin_unlock_irq(&vt_lock, flags);
	return 0;
}

static long accents_ioctl(struct vt_console *c, u64 arg, bool setting, bool unicode)
{
	struct vt_accent *scratch;
	long err;

	if (setting && !vt_may_change(c->tty))
		return -EPERM;
	scratch = kvmalloc(VT_ACCENTS_MAX * sizeof(*scratch), MM_KERNEL);
	if (!scratch)
		return -ENOMEM;
	err = setting ? accents_set(arg, unicode, scratch) : accents_get(arg, unicode, scratch);
	kvfree(scratch);
	return err;
}

long vt_keymap_ioctl(struct vt_console *c, u32 request, u64 arg)
{
	switch (request) {
	case KDGKBENT:
		return entry_get(c, (struct kbentry __user *)arg);
	case KDSKBENT:
		return entry_set(c, (const struct kbentry __user *)arg);
	case KDGKBSENT:
		return function_get((struct kbsentry __user *)arg);
	case KDSKBSENT:
		return function_set((const struct kbsentry __user *)arg);
	case KDGKBDIACR:
	case KDGKBDIACRUC:
		return accents_ioctl(c, arg, false, request == KDGKBDIACRUC);
	case KDSKBDIACR:
	case KDSKBDIACRUC:
		return accents_ioctl(c, arg, true, request == KDSKBDIACRUC);
	default:
		return TTY_IOCTL_UNKNOWN;
	}
}
