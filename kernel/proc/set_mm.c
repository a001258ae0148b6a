/*
 * PR_SET_MM: where the parts of a program lie, as /proc/[pid]/stat, cmdline, environ and auxv show
 * it and brk(2) has it, and which file it came from (/proc/[pid]/exe). It was exec that said so;
 * who restores a saved process, or makes a program's image itself, says it anew. The space's lock
 * guards all of it.
 */
#include "proc/set_mm.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "arch/usercopy.h"
#include "core/panic.h"
#include "lib/string.h"
#include "proc/process.h"
#include "vfs/path.h"
#include "vm/aspace.h"

#define PARTS (PR_SET_MM_ENV_END + 1)

/* By option. */
static const size_t places[PARTS] = {
	[PR_SET_MM_START_CODE] = offsetof(struct aspace, start_code),
	[PR_SET_MM_END_CODE] = offsetof(struct aspace, end_code),
	[PR_SET_MM_START_DATA] = offsetof(struct aspace, start_data),
	[PR_SET_MM_END_DATA] = offsetof(struct aspace, end_data),
	[PR_SET_MM_START_STACK] = offsetof(struct aspace, start_stack),
	[PR_SET_MM_START_BRK] = offsetof(struct aspace, start_brk),
	[PR_SET_MM_BRK] = offsetof(struct aspace, brk),
	[PR_SET_MM_ARG_START] = offsetof(struct aspace, arg_start),
	[PR_SET_MM_ARG_END] = offsetof(struct aspace, arg_end),
	[PR_SET_MM_ENV_START] = offsetof(struct aspace, env_start),
	[PR_SET_MM_ENV_END] = offsetof(struct aspace, env_end),
};

static u64 *part(struct aspace *as, unsigned what)
{
	return (u64 *)((char *)as + places[what]);
}

/* ---- The program's file ---- */

static void exe_put(void *exe)
{
	struct file *file = exe;

	inode_allow_write(file->inode);
	file_put(file);
}

struct file *aspace_exe_get(struct aspace *as)
{
	struct file *exe;

	rwsem_read(&as->lock);
	exe = as->exe ? file_get(as->exe) : NULL;
	rwsem_read_end(&as->lock);
	return exe;
}

/* Writing to the file is denied already, so one denial more cannot fail. */
void aspace_exe_give(struct aspace *as, struct file *exe)
{
	as->exe = file_get(exe);
	as->exe_put = exe_put;
	warn_once(inode_deny_write(exe->inode) != 0);
}

void aspace_exe_share(struct aspace *from, struct aspace *to)
{
	rwsem_read(&from->lock);
	if (from->exe)
		aspace_exe_give(to, from->exe);
	rwsem_read_end(&from->lock);
}

static bool is_mapped(struct aspace *as, const struct file *exe)
{
	struct vm_area *area;

	for (area = area_first(as); area && exe; area = area_next(area))
		if (area->cache && area->cache == &exe->inode->cache)
			return true;
	return false;
}

/* The file takes the program's place, whose text must be gone. */
static int exe_replace(struct aspace *as, struct file *exe)
{
	struct file *old = NULL;
	int error;

	error = rwsem_write_killable(&as->lock);
	if (error)
		return error;
	if (is_mapped(as, as->exe)) {
		error = -EBUSY;
	} else if (inode_deny_write(exe->inode)) {
		error = -EACCES;
	} else {
		old = as->exe;
		aspace_exe_give(as, exe);
		inode_allow_write(exe->inode); /* the space has denied it for itself */
	}
	rwsem_write_end(&as->lock);
	if (old)
		exe_put(old);
	return error;
}

static int exe_set(struct aspace *as, int fd)
{
	struct fd_ref ref = fd_begin(task_current()->files, fd);
	struct file *file = ref.file;
	int error;

	if (!file)
		return -EBADF;
	if (!S_ISREG(file->inode->mode) || (file->path.mount->flags & MNT_F_NOEXEC))
		error = -EACCES;
	else
		error = inode_permission(file->inode, cred_current(), MAY_EXEC);
	if (!error)
		error = exe_replace(as, file);
	fd_end(ref);
	return error;
}

/* ---- Where the parts are ---- */

/* Whether a program may look like that; `v` is by option. */
static bool parts_ok(const struct aspace *as, const u64 v[PARTS])
{
	for (unsigned i = PR_SET_MM_START_CODE; i < PARTS; i++)
		if (v[i] >= USER_TOP || v[i] < vm_mmap_min_addr)
			return false;
	return v[PR_SET_MM_START_CODE] < v[PR_SET_MM_END_CODE] &&
	       v[PR_SET_MM_START_DATA] <= v[PR_SET_MM_END_DATA] &&
	       v[PR_SET_MM_START_BRK] <= v[PR_SET_MM_BRK] &&
	       v[PR_SET_MM_ARG_START] <= v[PR_SET_MM_ARG_END] &&
	       v[PR_SET_MM_ENV_START] <= v[PR_SET_MM_ENV_END] &&
	       v[PR_SET_MM_BRK] - v[PR_SET_MM_START_BRK] + v[PR_SET_MM_END_DATA] -
			       v[PR_SET_MM_START_DATA] <= as->limits_data;
}

static void parts_get(struct aspace *as, u64 v[PARTS])
{
	for (unsigned i = PR_SET_MM_START_CODE; i < PARTS; i++)
		v[i] = *part(as, i);
}

/* The strings and the stack cannot be beyond all that is mapped. */
static bool must_be_mapped(u64 what)
{
	return what == PR_SET_MM_START_STACK || what >= PR_SET_MM_ARG_START;
}

static long part_set(struct aspace *as, u64 what, u64 addr)
{
	u64 v[PARTS];
	long error;

	if (addr >= USER_TOP || addr < vm_mmap_min_addr || !what || what >= PARTS)
		return -EINVAL;
	error = rwsem_write_killable(&as->lock);
	if (error)
		return error;
	parts_get(as, v);
	v[what] = addr;
	if (!parts_ok(as, v))
		error = -EINVAL;
	else if (must_be_mapped(what) && !area_find(as, addr))
		error = -EFAULT;
	else
		*part(as, (unsigned)what) = addr;
	rwsem_write_end(&as->lock);
	return error;
}

/* The auxiliary vector, of which the last pair is the end whatever is said. */
static int auxv_in(u64 auxv[AUXV_WORDS], u64 from, u64 size)
{
	memset(auxv, 0, AUXV_WORDS * sizeof(u64));
	if (size > AUXV_WORDS * sizeof(u64))
		return -EINVAL;
	if (copy_in(auxv, (const void __user *)from, size))
		return -EFAULT;
	auxv[AUXV_WORDS - 2] = auxv[AUXV_WORDS - 1] = 0;
	return 0;
}

static long auxv_set(struct aspace *as, u64 from, u64 size)
{
	u64 auxv[AUXV_WORDS];
	long error = auxv_in(auxv, from, size);

	if (!error)
		error = rwsem_write_killable(&as->lock);
	if (error)
		return error;
	memcpy(as->auxv, auxv, sizeof(auxv));
	rwsem_write_end(&as->lock);
	return 0;
}

/* All at once. The order of the map is that of the options but for the stack. */
static long map_set(struct aspace *as, const struct prctl_mm_map *m)
{
	const u64 v[PARTS] = { 0, m->start_code, m->end_code, m->start_data, m->end_data,
			       m->start_stack, m->start_brk, m->brk, m->arg_start, m->arg_end,
			       m->env_start, m->env_end };
	const struct cred *me = cred_current();
	u64 auxv[AUXV_WORDS];
	long error = parts_ok(as, v) && (!m->auxv_size || m->auxv) ? 0 : -EINVAL;

	if (!error && m->auxv_size)
		error = auxv_in(auxv, m->auxv, m->auxv_size);
	if (error)
		return error;
	if (m->exe_fd != ~0u) {
		if (!cred_capable(me, CAP_CHECKPOINT_RESTORE) && !cred_capable(me, CAP_SYS_ADMIN))
			return -EPERM;
		error = exe_set(as, (int)m->exe_fd);
	}
	if (!error)
		error = rwsem_write_killable(&as->lock);
	if (error)
		return error;
	for (unsigned i = PR_SET_MM_START_CODE; i < PARTS; i++)
		*part(as, i) = v[i];
	if (m->auxv_size)
		memcpy(as->auxv, auxv, sizeof(auxv));
	rwsem_write_end(&as->lock);
	return 0;
}

static long map_request(struct aspace *as, u64 from, u64 size)
{
	struct prctl_mm_map m;

	if (size != sizeof(m))
		return -EINVAL;
	if (copy_in(&m, (const void __user *)from, sizeof(m)))
		return -EFAULT;
	return map_set(as, &m);
}

long set_mm(u64 what, u64 addr, u64 size)
{
	struct aspace *as = aspace_current();
	const u32 map_size = sizeof(struct prctl_mm_map);

	if (what == PR_SET_MM_MAP)
		return map_request(as, addr, size);
	if (what == PR_SET_MM_MAP_SIZE)
		return copy_out((void __user *)addr, &map_size, sizeof(map_size));
	if (size && what != PR_SET_MM_AUXV)
		return -EINVAL;
	if (!cred_capable(cred_current(), CAP_SYS_RESOURCE))
		return -EPERM;
	if (what == PR_SET_MM_EXE_FILE)
		return exe_set(as, (int)addr);
	if (what == PR_SET_MM_AUXV)
		return auxv_set(as, addr, size);
	return part_set(as, what, addr);
}
