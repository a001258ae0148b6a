/*
 * fs/ext/ext_ordered.h - which contents reach the disk before what names them: with a journal
 * before a transaction, without one before the inode.
 */
#pragma once

#include "fs/ext/ext_int.h"

/* ext_ordered.c */
/*
 * What the inode's pages first .. last hold is to be written before this transaction is. In a
 * handle.
 */
void ext_ordered_add(struct inode *inode, u64 first, u64 last);
/*
 * Pages of the inode from `first` on are about to be dropped with their blocks: if a commit under
 * way may still have to write them they are written. In the handle that makes the blocks another's,
 * or the last name is gone already. No page lock held; the size is still the old one.
 */
void ext_ordered_settle(struct inode *inode, u64 first);
/* On its way out; no handle is open, unless it was never added. */
void ext_ordered_remove(struct inode *inode);
int ext_ordered_write(struct ext_fs *fs, u32 tid);
/* What the first does, of a transaction. ordered_lock held. */
void ext_ordered_put_locked(struct ext_fs *fs, struct ext_inode *ei, u32 tid, u64 first, u64 last);

/* ext_order.c: without a journal; nothing to do with one */
/*
 * The inode gets blocks, among its pages first .. last. map_lock is held for writing; the pages are
 * locked until they are dirty.
 */
void ext_order_add(struct inode *inode, u64 first, u64 last);
/* The inode gets a block of metadata. map_lock is held for writing. */
void ext_order_add_node(struct inode *inode);
/*
 * What is new in its map, and what is not to be written yet. map_lock is held for writing. The
 * block becomes a node of the map: 0 or -ENOMEM.
 */
int must_check ext_order_add_map_node(struct inode *inode, u64 block);
/*
 * A node of the map is about to name another block: if the disk has it, it is not written before
 * the inode is, until then; those beyond a limit, or for which there is no memory, are. May sleep.
 */
void ext_order_pin(struct inode *inode, const struct bblock *b);
/* The block is a node no more, before it is freed. */
void ext_order_forget(struct inode *inode, u64 block);
/* The inode is in its buffer, or gone: all of them may be written. */
void ext_order_release(struct inode *inode);
/* Waits until what became the inode's there is dirty. No page lock held. */
void ext_order_wait_unlocked(struct inode *inode, u64 first, u64 last);
/*
 * The directory has a new block, with names that are still where they were as well: on return that
 * block is stable, and so is what leads to it, and the names may go from there. What could not be
 * written is for whoever syncs to find. The directory is locked; map_lock is not held. May sleep.
 */
void ext_order_settle(struct inode *dir);
/* Whether what it names may be missing on the disk. Any context that may take spinlocks. */
bool ext_order_is_due(struct inode *inode);
/*
 * Makes what the inode names stable (`alone`), or what all inodes that are due name: 0, or an error
 * of writing or flushing, and it is due no more all the same. No page lock or map_lock held.
 */
int ext_order(struct inode *inode, bool alone);
