/*
 * Between the groups of an interface (mcast.c) and telling of them (mcast_report.c).
 */
#pragma once

#include "net/inet/mcast.h"

/* In which version it is told: with the lock. */
int mcast_version(const struct mcast_state *s, u64 now);
/* Whether routers are told of the group on this interface. */
bool mcast_is_reported(const struct mcast_state *s, const struct mcast_group *g);
/* Something changed: it is said now and again. With the lock. */
void mcast_changed_locked(struct mcast_state *s, struct mcast_group *g);
/* The group went; `version`: the one when it did. No lock. */
void mcast_say_left(struct mcast_state *s, struct mcast_group *g, int version);
void mcast_timer(struct soft_timer *t);
