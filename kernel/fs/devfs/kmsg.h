/* /dev/kmsg: the kernel's log as a device. */
#pragma once

#include "sched/wait.h"

/* Woken at each new record of the log. */
struct wait_queue *kmsg_wait_queue(void);
