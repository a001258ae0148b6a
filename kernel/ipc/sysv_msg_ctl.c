/* msgctl(2): facts of message queues, and changes to one. */
#include "ipc/sysv_msg_int.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/stat.h"

/* Object locked. */
static void fill(const struct msg_queue *q, struct msqid64_ds *out)
{
	*out = (struct msqid64_ds){
		.msg_stime = q->stime,
		.msg_rtime = q->rtime,
		.msg_ctime = q->object.ctime,
		.msg_cbytes = q->bytes,
		.msg_qnum = q->n,
		.msg_qbytes = q->max_bytes,
		.msg_lspid = q->lspid,
		.msg_lrpid = q->lrpid,
	};
	sysv_perm_get(&q->object, &out->msg_perm);
}

int sysv_msg_stat(s32 number, enum sysv_by by, const struct cred *cred,
		  struct msqid64_ds *out)
{
	struct sysv_object *object;
	int result = sysv_find_stat(&sysv_msg_ids, number, by, cred, &object);

	if (result < 0)
		return result;
	fill(msg_queue(object), out);
	sysv_end(object);
	return result;
}

int sysv_msg_set(s32 id, const struct ipc64_perm *perm, u64 qbytes, const struct cred *cred)
{
	struct sysv_object *object;
	int err = sysv_find(&sysv_msg_ids, id, &object);

	if (err)
		return err;
	err = sysv_may_control(object, cred);
	if (!err && qbytes > READ_ONCE(sysv_msgmnb) && !cred_capable(cred, CAP_SYS_RESOURCE))
		err = -EPERM;
	if (!err)
		err = sysv_perm_set(object, perm);
	if (!err) {
		msg_queue(object)->max_bytes = qbytes;
		object->ctime = sysv_now();
		/* There may be room now; and who may no longer send or receive finds out. */
		msg_queue_changed(msg_queue(object));
	}
	sysv_end(object);
	return err;
}

int sysv_msg_rmid(s32 id, const struct cred *cred)
{
	struct sysv_object *object;
	int err = sysv_find(&sysv_msg_ids, id, &object);

	if (err)
		return err;
	err = sysv_may_control(object, cred);
	if (!err) {
		sysv_remove(object);
		msg_queue_changed(msg_queue(object));
	}
	sysv_end(object);
	return err;
}

int sysv_msg_info(struct msginfo *out, bool usage)
{
	u32 used, mnb = READ_ONCE(sysv_msgmnb), mni = READ_ONCE(sysv_msg_ids.max);
	int highest = sysv_highest(&sysv_msg_ids, &used);

	*out = (struct msginfo){
		.msgpool = usage ? (s32)used : (s32)((u64)mni * mnb / 1024),
		.msgmap = usage ? (s32)READ_ONCE(msg_total) : (s32)mnb,
		.msgmax = (s32)READ_ONCE(sysv_msgmax),
		.msgmnb = (s32)mnb,
		.msgmni = (s32)mni,
		.msgssz = 16,
		.msgtql = usage ? (s32)READ_ONCE(msg_total_bytes) : (s32)mnb,
		.msgseg = 0xffff,
	};
	return highest;
}

bool sysv_msg_next(u32 *index, struct sysv_msg_row *out)
{
	struct sysv_object *object = sysv_next(&sysv_msg_ids, index);

	if (!object)
		return false;
	fill(msg_queue(object), &out->ds);
	out->id = object->id;
	sysv_end(object);
	return true;
}
