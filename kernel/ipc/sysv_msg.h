/* System V message queues (msgget(2), msgop(2), msgctl(2)). */
#pragma once

#include "ipc/sysv_ids.h"

/* /proc/sys/kernel: msgmax (bytes of a message), msgmnb (bytes of a new queue). */
extern u32 sysv_msgmax, sysv_msgmnb;
#define SYSV_MSGMAX_LIMIT (1u << 20) /* what msgmax can be set to */
extern struct sysv_ids sysv_msg_ids;

/* msgget(2): the identifier, or -ENOSPC, -ENOENT, -EEXIST, -EACCES, -ENOMEM. */
int sysv_msgget(s32 key, u32 flags, const struct cred *cred);

/* A message on its way. */
struct sysv_message {
	struct list link;
	s64 type;    /* above 0 */
	u64 size;    /* bytes of data, up to sysv_msgmax */
	u8 data[];
};
/* One with room for `size` bytes, or NULL; kfree() frees it. */
struct sysv_message *sysv_message_alloc(u64 size);

/*
 * msgsnd(2): 0 and the message is the queue's, or -EACCES, -EAGAIN (IPC_NOWAIT), -EIDRM, -EINVAL,
 * -ERESTARTNOHAND.
 */
int sysv_msgsnd(s32 id, struct sysv_message *message, u32 flags, const struct cred *cred);
/*
 * msgrcv(2): 0 and a message in *out that is the caller's, or -E2BIG, -EACCES, -EIDRM, -EINVAL,
 * -ENOMEM, -ENOMSG, -ERESTARTNOHAND. `size`: the caller's room.
 */
int sysv_msgrcv(s32 id, u64 size, s64 type, u32 flags, const struct cred *cred,
		struct sysv_message **out);

/* The commands of msgctl(2). */
int sysv_msg_stat(s32 number, enum sysv_by by, const struct cred *cred,
		  struct msqid64_ds *out);
/* `qbytes` above msgmnb needs CAP_SYS_RESOURCE: -EPERM. */
int sysv_msg_set(s32 id, const struct ipc64_perm *perm, u64 qbytes, const struct cred *cred);
int sysv_msg_rmid(s32 id, const struct cred *cred);
/* IPC_INFO, or MSG_INFO if `usage`: the highest index in use. */
int sysv_msg_info(struct msginfo *out, bool usage);

/* The queue at index *index or above, as /proc/sysvipc/msg shows it: false if none. */
struct sysv_msg_row {
	struct msqid64_ds ds;
	s32 id;
};
bool sysv_msg_next(u32 *index, struct sysv_msg_row *out);
