/* /dev/kmsg: the kernel's log as a device. */
#pragma once

#include "sched/wait.h"

/* /proc/sys/kernel/dmesg_restrict: the log is for who has CAP_SYSLOG. Torn reads harmless. */
extern u32 dmesg_restrict;
/* Whether the caller may read all of it (syslog(2), SYSLOG_ACTION_READ_ALL). */
bool kmsg_may_read(void);
/* Woken at each new record of the log. */
struct wait_queue *kmsg_wait_queue(void);
