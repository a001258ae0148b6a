/*
 * Names of actions, and what filters do in the log: of those that are to be logged
 * (/proc/sys/kernel/seccomp/actions_logged), ends and LOG always, the rest for filters that asked
 * for it (SECCOMP_FILTER_FLAG_LOG).
 */
#include "abi/errno.h"
#include "core/log.h"
#include "core/log_limit.h"
#include "lib/format.h"
#include "lib/string.h"
#include "proc/seccomp.h"
#include "proc/seccomp_int.h"

static const struct {
	const char *name;
	u32 action;
} actions[] = {
	{ "kill_process", SECCOMP_RET_KILL_PROCESS },
	{ "kill_thread", SECCOMP_RET_KILL_THREAD },
	{ "trap", SECCOMP_RET_TRAP },
	{ "errno", SECCOMP_RET_ERRNO },
	{ "user_notif", SECCOMP_RET_USER_NOTIF },
	{ "trace", SECCOMP_RET_TRACE },
	{ "log", SECCOMP_RET_LOG },
	{ "allow", SECCOMP_RET_ALLOW },
};

#define ALLOW (ARRAY_SIZE(actions) - 1)

static u32 logged = (1u << ALLOW) - 1; /* a: bit n: actions[n] */

static unsigned action_index(u32 action)
{
	unsigned i = 0;

	while (i < ARRAY_SIZE(actions) && actions[i].action != action)
		i++;
	return i;
}

bool seccomp_action_known(u32 action)
{
	return action_index(action) < ARRAY_SIZE(actions);
}

void seccomp_log(const struct seccomp_filter *filter, const struct seccomp_data *data, u32 action)
{
	static struct log_limit limit;
	bool always = action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD ||
		      action == SECCOMP_RET_LOG;
	unsigned i = action_index(action);

	if (likely(!always && !filter->log))
		return;
	if (!(READ_ONCE(logged) >> i & 1) || !log_limit_pass(&limit))
		return;
	log_info("seccomp: %s[%d], user %u: call %d from %llx: %s", thread_current()->name,
		 thread_current()->tid, cred_current()->uid, data->nr,
		 (unsigned long long)data->instruction_pointer, actions[i].name);
}

void seccomp_actions_show(char *buf, size_t size, bool only_logged)
{
	size_t at = 0;

	buf[0] = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(actions) && at < size; i++)
		if (!only_logged || READ_ONCE(logged) >> i & 1)
			at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? " " : "",
					       actions[i].name);
}

int seccomp_actions_log(char *names)
{
	u32 set = 0;

	for (char *at = names + strspn(names, " \n"); *at; ) {
		size_t n = strcspn(at, " \n");
		bool last = !at[n];
		unsigned i = 0;

		at[n] = 0;
		while (i < ALLOW && strcmp(actions[i].name, at))
			i++;
		if (i == ALLOW)
			return -EINVAL;
		set |= 1u << i;
		if (last)
			break;
		at += n + 1;
		at += strspn(at, " \n");
	}
	WRITE_ONCE(logged, set);
	return 0;
}
