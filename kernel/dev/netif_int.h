/* Between the files of network interfaces (dev/netif.h). */
#pragma once

#include "dev/netif.h"

extern struct list netif_list; /* c; readers RCU: by index (netif.c) */

/* Tells the watches. Config lock. */
void netif_tell(struct netif *nif, enum netif_event event);
/* All watches' up(): the first error. */
int netif_ask_up(struct netif *nif);
/* Up and down. Config lock. (netif_config.c) */
int netif_open(struct netif *nif);
void netif_close(struct netif *nif);
/* The bodies of the two works and of the timer of an interface. */
void netif_carrier_work(struct work *work);
void netif_timeout_work(struct work *work); /* netif_watchdog.c */
void netif_watchdog(struct soft_timer *timer);
void netif_watchdog_arm(struct netif *nif);
void netif_watchdog_end(struct netif *nif); /* it is down: no timer, no work on return */
/* Lets the device follow its lists. (netif_group.c) */
void netif_refilter(struct netif *nif);
void netif_groups_free(struct netif *nif);
/* Shows a frame to the taps: `out` if it is being sent. Under RCU. (netif_tap.c) */
extern struct list netif_taps;
extern u32 netif_stamps_wanted;
void netif_show_taps(struct packet *p, bool out);
/* Sends packets wait for the ring no more. (netif_send.c) */
void netif_tx_close(struct netif *nif);
void netif_tx_open(struct netif *nif);

void netif_poll_start(void);  /* netif_poll.c: at boot */
void loopback_init(void);     /* loopback.c */

/* How often the watchdog looks, and after how many looks without progress it acts: 5 s. */
#define WATCHDOG_NS (1250 * (u64)NSEC_PER_MSEC)
#define WATCHDOG_LOOKS 4
