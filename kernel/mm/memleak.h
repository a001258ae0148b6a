/*
 * Looking for objects of slab caches, kmalloc()'s among them, that nothing points to: they were
 * forgotten without being freed. Debug builds only.
 */
#pragma once

#include "lib/types.h"

/* Looks, twice with pause() between, and keeps what it found for memleak_each(): 0, -ENOMEM, or
 * -EBUSY if another scan is running. Thread context, no locks held. */
int memleak_scan(void (*pause)(void));
/* How many objects the last scan found. */
unsigned memleak_count(void);
/* Whether the last scan found this one. */
bool memleak_found(const void *object);
/* Describes each object that the last scan found and that is still there, in lines of text. */
void memleak_each(void (*line)(const char *text, void *arg), void *arg);
