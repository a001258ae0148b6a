/*
 * System V identifiers in /proc (sysvipc(7), proc(5)): /proc/sysvipc/{shm,sem,msg}, and the limits
 * in /proc/sys/kernel.
 */
#include "abi/errno.h"
#include "ipc/sysv_msg.h"
#include "ipc/sysv_sem.h"
#include "ipc/sysv_shm.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "proc/procfs/procfs_int.h"

#define ULL(x) ((unsigned long long)(x))
#define LL(x)  ((long long)(x))

/* ---- Identifiers ---- */

int show_sysv_shm(struct text *t, struct task *task)
{
	struct sysv_shm_row row;

	text_printf(t, "       key      shmid perms                  size  cpid  lpid nattch   "
		       "uid   gid  cuid  cgid      atime      dtime      ctime           "
		       "        rss                  swap\n");
	for (u32 i = 0; sysv_shm_next(&i, &row); i++) {
		const struct shmid64_ds *ds = &row.ds;
		const struct ipc64_perm *p = &ds->shm_perm;

		text_printf(t, "%10d %10d  %4o %21llu %5d %5d  %5llu %5u %5u %5u %5u %10lld %10lld "
			       "%10lld %21llu %21llu\n",
			    p->key, row.id, p->mode, ULL(ds->shm_segsz), ds->shm_cpid, ds->shm_lpid,
			    ULL(ds->shm_nattch), p->uid, p->gid, p->cuid, p->cgid,
			    LL(ds->shm_atime), LL(ds->shm_dtime), LL(ds->shm_ctime), ULL(row.rss),
			    ULL(row.swap));
	}
	return 0;
}

int show_sysv_sem(struct text *t, struct task *task)
{
	struct sysv_sem_row row;

	text_printf(t, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime"
		       "      ctime\n");
	for (u32 i = 0; sysv_sem_next(&i, &row); i++) {
		const struct semid64_ds *ds = &row.ds;
		const struct ipc64_perm *p = &ds->sem_perm;

		text_printf(t, "%10d %10d  %4o %10llu %5u %5u %5u %5u %10lld %10lld\n", p->key,
			    row.id, p->mode, ULL(ds->sem_nsems), p->uid, p->gid, p->cuid, p->cgid,
			    LL(ds->sem_otime), LL(ds->sem_ctime));
	}
	return 0;
}

int show_sysv_msg(struct text *t, struct task *task)
{
	struct sysv_msg_row row;

	text_printf(t, "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid"
		       "  cuid  cgid      stime      rtime      ctime\n");
	for (u32 i = 0; sysv_msg_next(&i, &row); i++) {
		const struct msqid64_ds *ds = &row.ds;
		const struct ipc64_perm *p = &ds->msg_perm;

		text_printf(t, "%10d %10d  %4o  %10llu %10llu %5d %5d %5u %5u %5u %5u %10lld "
			       "%10lld %10lld\n",
			    p->key, row.id, p->mode, ULL(ds->msg_cbytes), ULL(ds->msg_qnum),
			    ds->msg_lspid, ds->msg_lrpid, p->uid, p->gid, p->cuid, p->cgid,
			    LL(ds->msg_stime), LL(ds->msg_rtime), LL(ds->msg_ctime));
	}
	return 0;
}

/* ---- Limits ---- */

/* A number up to max, alone in the text: 0 or -EINVAL. */
static int number(char *buf, u64 max, u64 *out)
{
	buf[strcspn(buf, " \t\n")] = 0;
	return parse_u64(buf, 10, out, NULL) < 0 || *out > max ? -EINVAL : 0;
}

static int store_u32(char *buf, u64 max, u32 *out)
{
	u64 value;
	int error = number(buf, max, &value);

	if (!error)
		WRITE_ONCE(*out, (u32)value);
	return error;
}

static int store_u64(char *buf, u64 *out)
{
	u64 value;
	int error = number(buf, ~0ull, &value);

	if (!error)
		WRITE_ONCE(*out, value);
	return error;
}

int show_shmmax(struct text *t, struct task *task)
{
	text_printf(t, "%llu\n", ULL(sysv_shmmax));
	return 0;
}

int store_shmmax(struct task *task, char *buf, size_t n)
{
	return store_u64(buf, &sysv_shmmax);
}

int show_shmall(struct text *t, struct task *task)
{
	text_printf(t, "%llu\n", ULL(sysv_shmall));
	return 0;
}

int store_shmall(struct task *task, char *buf, size_t n)
{
	return store_u64(buf, &sysv_shmall);
}

int show_shmmni(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", sysv_shm_ids.max);
	return 0;
}

int store_shmmni(struct task *task, char *buf, size_t n)
{
	return store_u32(buf, SYSV_IDS_MAX, &sysv_shm_ids.max);
}

int show_shm_forced(struct text *t, struct task *task)
{
	text_printf(t, "%d\n", sysv_shm_forced());
	return 0;
}

int store_shm_forced(struct task *task, char *buf, size_t n)
{
	u64 value;
	int error = number(buf, 1, &value);

	if (!error)
		sysv_shm_set_forced(value);
	return error;
}

int show_msgmax(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", sysv_msgmax);
	return 0;
}

int store_msgmax(struct task *task, char *buf, size_t n)
{
	return store_u32(buf, SYSV_MSGMAX_LIMIT, &sysv_msgmax);
}

int show_msgmnb(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", sysv_msgmnb);
	return 0;
}

int store_msgmnb(struct task *task, char *buf, size_t n)
{
	return store_u32(buf, 0x7fffffff, &sysv_msgmnb);
}

int show_msgmni(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", sysv_msg_ids.max);
	return 0;
}

int store_msgmni(struct task *task, char *buf, size_t n)
{
	return store_u32(buf, SYSV_IDS_MAX, &sysv_msg_ids.max);
}

int show_sem_limits(struct text *t, struct task *task)
{
	text_printf(t, "%u\t%u\t%u\t%u\n", sysv_semmsl, sysv_semmns, sysv_semopm, sysv_sem_ids.max);
	return 0;
}

/* Up to four numbers: SEMMSL, SEMMNS, SEMOPM, SEMMNI; those that are not given stay. */
int store_sem_limits(struct task *task, char *buf, size_t n)
{
	static const u64 most[4] = { 65535, 0x7fffffff, 65535, SYSV_IDS_MAX };
	u32 *const where[4] = { &sysv_semmsl, &sysv_semmns, &sysv_semopm, &sysv_sem_ids.max };
	u64 value[4];
	int got = 0;

	for (char *at = buf + strspn(buf, " \t\n"); *at && got < 4;) {
		size_t length = strcspn(at, " \t\n");
		char *next = at + length + strspn(at + length, " \t\n");

		at[length] = 0;
		if (parse_u64(at, 10, &value[got], NULL) < 0 || value[got] > most[got])
			return -EINVAL;
		got++;
		at = next;
	}
	for (int i = 0; i < got; i++)
		WRITE_ONCE(*where[i], (u32)value[i]);
	return got ? 0 : -EINVAL;
}
