/* What message queues need of processes (ipc/mqueue.h). */
#include "ipc/mqueue.h"
#include "net/netlink/netlink.h"
#include "proc/proc_int.h"
#include "proc/signal.h"

static u64 host_limit(void)
{
	return rlimit_current(RLIMIT_MSGQUEUE);
}

static s32 host_pid(struct process *p)
{
	return p->pid->nr;
}

static void host_get(struct process *p)
{
	process_get(p);
}

static void host_put(struct process *p)
{
	process_put(p);
}

static u32 host_program(struct process *p)
{
	return READ_ONCE(p->n_execs);
}

static void host_signal(struct process *to, s32 signo, u64 value)
{
	struct abi_siginfo info = signal_info_user(signo, SI_MESGQ);

	info.si_value.sival_ptr = value;
	(void)signal_send_process(to, &info);
}

static void host_post(struct file *socket, const u8 *cookie)
{
	(void)netlink_post(socket, cookie, NOTIFY_COOKIE_LEN);
}

static const struct mq_host host = {
	.limit = host_limit,
	.pid = host_pid,
	.get = host_get,
	.put = host_put,
	.program = host_program,
	.signal = host_signal,
	.post = host_post,
};

void mq_host_init(void)
{
	mq_set_host(&host);
}
