/*
 * The pieces of one packet that is being put together: a list by offset, and what is missing. Pure,
 * for IPv4 and IPv6 alike.
 *
 * A piece that lies exactly where another does is a duplicate and dropped; one that overlaps others
 * in any other way is an attack, or a mistake that cannot be mended: the whole packet is given up
 * (RFC 5722; RFC 8200, 4.5; for IPv4 the same is wise, RFC 1858, 3).
 */
#pragma once

#include "lib/types.h"

struct frag_piece { struct frag_piece *next; u32 offset, length; };

struct frag_list {
	struct frag_piece *first;
	u32 n;                   /* pieces */
	u32 total;               /* length of the whole, 0: the last piece is not here */
	u32 have;                /* bytes here */
};

enum { FRAG_PIECES = 128 };      /* more of one packet are not kept */

enum frag_result { FRAG_KEPT, FRAG_WHOLE, FRAG_DUPLICATE, FRAG_BAD };

/* Adds a piece with its offset and length set; `more`: others follow behind it; `most`: the longest
 * that the whole may be. KEPT and WHOLE: the list has it; BAD: the packet is to be given up. */
enum frag_result frag_list_add(struct frag_list *l, struct frag_piece *x, bool more, u32 most);
