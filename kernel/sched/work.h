/* Work for later in thread context: a queue of functions run by kernel threads. */
#pragma once

#include "lib/list.h"
#include "lib/types.h"
#include "sched/timer.h"

struct work {
	struct list link;  /* queue's lock */
	void (*fn)(struct work *work);
	bool pending;      /* queued and not begun */
};

struct delayed_work {
	struct work work;
	struct timer timer;
};

void work_init(struct work *w, void (*fn)(struct work *work));
/* Queues it unless it is pending already; whether it was queued. Any context. Functions may sleep
 * and wait for each other's: there are as many threads as that takes. */
bool work_queue(struct work *w);
/* Waits until it is neither pending nor running. Not from its own function. */
void work_flush(struct work *w);
void delayed_work_init(struct delayed_work *w, void (*fn)(struct work *work));
bool delayed_work_queue(struct delayed_work *w, u64 delay_ns);
bool delayed_work_cancel_sync(struct delayed_work *w);
/* Starts the threads. After sched_init(). */
void work_init_threads(void);
