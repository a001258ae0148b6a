/*
 * A tree of files that follows from a seed and a number of nodes, so that one kernel can write it
 * and another knows what to find: kinds, names, contents, owners, times, attributes, flags, links.
 *
 * Node 0 is the top. A node's values are numbers drawn from the seed, its own number and a word for
 * what they are for (draw()). A changed tree is the same after some files were removed, renamed or
 * lengthened.
 */
#ifndef TREE_H
#define TREE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum tree_kind { TREE_DIR, TREE_FILE, TREE_LINK, TREE_SYMLINK, TREE_FIFO, TREE_SOCKET, TREE_CHR,
		 TREE_BLK };
enum tree_for { FOR_KIND, FOR_PARENT, FOR_NAME, FOR_SIZE, FOR_MODE, FOR_OWNER, FOR_TIME, FOR_XATTR,
		FOR_FLAGS, FOR_TARGET, FOR_CHANGE, FOR_DATA, FOR_RUNS };

struct tree_node {
	enum tree_kind kind;
	uint32_t parent, target;	/* target: of a hard link */
	uint32_t links;			/* hard links to it */
	uint32_t children, subdirs;
	uint8_t depth;
	bool linked;			/* had hard links when it was written */
	bool gone, renamed, longer;
};

struct tree {
	uint64_t seed;
	uint32_t n;
	struct tree_node *nodes;
	uint32_t *dirs, n_dirs;
};

enum { TREE_DEPTH = 7, TREE_RUNS = 6, TREE_NAME = 256, TREE_PATH = 4096 };

static inline uint64_t draw(const struct tree *t, uint32_t i, enum tree_for what)
{
	uint64_t z = t->seed * 0x9e3779b97f4a7c15ull + i * 0xd1342543de82ef95ull +
		     what * 0x632be5abull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static inline enum tree_kind tree_pick_kind(uint64_t r)
{
	static const uint8_t percent[] = { 5, 66, 8, 10, 3, 3, 2, 3 };
	unsigned p = r % 100, kind = 0;

	while (p >= percent[kind])
		p -= percent[kind++];
	return (enum tree_kind)kind;
}

/* An earlier regular file, or 0. */
static inline uint32_t tree_pick_target(const struct tree *t, uint32_t i)
{
	uint32_t at = (uint32_t)(draw(t, i, FOR_TARGET) % i);

	while (at && t->nodes[at].kind != TREE_FILE)
		at--;
	return at;
}

static inline void tree_plan(struct tree *t, uint64_t seed, uint32_t n)
{
	t->seed = seed;
	t->n = n;
	t->nodes = calloc(n, sizeof(*t->nodes));
	t->dirs = calloc(n, sizeof(*t->dirs));
	if (!t->nodes || !t->dirs)
		exit(3);
	t->n_dirs = 1;
	for (uint32_t i = 1; i < n; i++) {
		struct tree_node *node = &t->nodes[i];
		uint64_t r = draw(t, i, FOR_PARENT);

		node->kind = tree_pick_kind(draw(t, i, FOR_KIND));
		/* One directory of many names, the others of few. */
		node->parent = r % 3 == 0 ? 0 : t->dirs[(r >> 8) % t->n_dirs];
		node->depth = t->nodes[node->parent].depth + 1;
		if (node->kind == TREE_DIR && node->depth < TREE_DEPTH)
			t->dirs[t->n_dirs++] = i;
		if (node->kind == TREE_LINK) {
			node->target = tree_pick_target(t, i);
			if (!node->target)
				node->kind = TREE_FILE;
			t->nodes[node->target].links += node->target != 0;
			t->nodes[node->target].linked = true;
		}
		t->nodes[node->parent].children++;
		t->nodes[node->parent].subdirs += node->kind == TREE_DIR;
	}
}

/* What tree_change() of prog_tree.c makes of it. */
static inline void tree_plan_change(struct tree *t)
{
	for (uint32_t i = 1; i < t->n; i++) {
		struct tree_node *node = &t->nodes[i];
		uint64_t r = draw(t, i, FOR_CHANGE) % 10;

		node->gone = r < 3 && node->kind != TREE_DIR && !node->linked;
		node->renamed = r == 3;
		node->longer = r == 4 && node->kind == TREE_FILE;
		if (node->gone) {
			t->nodes[node->parent].children--;
			if (node->kind == TREE_LINK)
				t->nodes[node->target].links--;
		}
	}
}

/* Unique by its number, which is in it: short, of 255 bytes, of any bytes, or UTF-8. */
static inline void tree_name(const struct tree *t, uint32_t i, bool renamed, char *name)
{
	uint64_t r = draw(t, i, FOR_NAME);
	int n = snprintf(name, TREE_NAME, "%s%u", renamed ? "renamed-" : "", i);

	if (r % 8 == 0) {
		for (; n < 255; n++)
			name[n] = (char)((r >> (n % 13)) * 31 + (unsigned)n * (r >> 40) % 251);
	} else if (r % 8 == 1) {
		name[n++] = (char)(r >> 8);
		name[n++] = (char)(r >> 16);
	} else if (r % 8 == 2) {
		n += snprintf(name + n, TREE_NAME - 20, "-\xc3\xa4\xe4\xb8\x96\xf0\x9f\x90\xa7");
	} else if (r % 8 == 3) {
		memset(name + n, 'n', r >> 8 & 127);
		n += (int)(r >> 8 & 127);
	}
	name[n] = '\0';
	for (int k = 0; k < n; k++)
		if (name[k] == '/' || name[k] == '\0')
			name[k] = '_';
}

static inline void tree_path(const struct tree *t, uint32_t i, const char *top, char *path)
{
	char name[TREE_NAME + 1];
	size_t n;

	if (i == 0) {
		snprintf(path, TREE_PATH, "%s", top);
		return;
	}
	tree_path(t, t->nodes[i].parent, top, path);
	tree_name(t, i, t->nodes[i].renamed, name);
	n = strlen(path);
	snprintf(path + n, TREE_PATH - n, "/%s", name);
}

struct tree_run { uint64_t at; uint32_t n; bool unwritten; };

/* The stretches of a file that are written, in order; all else are holes. Its size. */
static inline uint64_t tree_runs(const struct tree *t, uint32_t i, struct tree_run *runs,
				 unsigned *n_runs)
{
	static const uint16_t edges[] = { 0, 1, 59, 60, 61, 1023, 1024, 4095, 4096, 4097, 12288 };
	uint64_t r = draw(t, i, FOR_SIZE), at = 0;
	unsigned n = 1;

	runs[0] = (struct tree_run){ 0, (uint32_t)(r >> 8) % 300, false };
	if (r % 8 == 0)
		runs[0].n = edges[(r >> 8) % (sizeof(edges) / sizeof(edges[0]))];
	if (r % 8 == 1)
		runs[0].n = (uint32_t)(r >> 8) % 40000;
	if (r % 8 == 2) {
		for (n = 0; n < 1 + (r >> 8) % TREE_RUNS; n++) {
			uint64_t s = draw(t, i * 8 + n, FOR_RUNS);

			at += s % 90000;
			runs[n] = (struct tree_run){ at, (uint32_t)(s >> 20) % 5000 + 1,
						     s >> 60 == 0 };
			at += runs[n].n;
		}
		if (r >> 40 == 7 || (r >> 40) % 64 == 0)
			runs[n - 1].at += 5ull << 30;
	}
	*n_runs = n;
	return runs[n - 1].at + runs[n - 1].n + (r % 8 == 2 ? (r >> 32) % 20000 : 0);
}

/* Byte `at` of node i. */
static inline uint8_t tree_byte(uint64_t key, uint64_t at)
{
	return (uint8_t)((key >> (at & 31)) + at * 7 + (at >> 9) * 13);
}

static inline mode_t tree_mode(const struct tree *t, uint32_t i)
{
	static const mode_t type[] = { S_IFDIR, S_IFREG, S_IFREG, S_IFLNK, S_IFIFO, S_IFSOCK,
				       S_IFCHR, S_IFBLK };
	enum tree_kind kind = t->nodes[i].kind;
	mode_t bits = (mode_t)(draw(t, i, FOR_MODE) & 07777);

	return type[kind] | (kind == TREE_SYMLINK ? 0777 : bits);
}

static inline uint32_t tree_owner(const struct tree *t, uint32_t i, bool group)
{
	uint64_t r = draw(t, i, FOR_OWNER) >> (group ? 32 : 0);

	return r % 4 == 0 ? 0 : r % 4 == 1 ? (uint32_t)r % 65536 : (uint32_t)r % 4000000000u;
}

/* From 1901 to 2446; `coarse`: what 128 bytes of an inode can have. */
static inline struct timespec tree_time(const struct tree *t, uint32_t i, bool coarse)
{
	uint64_t r = draw(t, i, FOR_TIME);
	int64_t span = coarse ? 0x7fffffff : 17179869183ll;

	return (struct timespec){ (int64_t)(r >> 8) % span - (coarse ? 0 : 2147483648ll),
				  coarse ? 0 : (long)(r >> 20) % 1000000000 };
}

static inline size_t tree_target_text(const struct tree *t, uint32_t i, char *text)
{
	uint64_t r = draw(t, i, FOR_TARGET);
	size_t n = r % 3 == 0 ? 55 + (r >> 8) % 10 : r % 3 == 1 ? 1 + (r >> 8) % 900 :
		   1 + (r >> 8) % 30;

	for (size_t k = 0; k < n; k++)
		text[k] = (char)('a' + (r >> (k % 50)) % 26);
	text[n] = '\0';
	return n;
}

/* Attribute number k of a node: false if it has no more. */
static inline bool tree_xattr(const struct tree *t, uint32_t i, unsigned k, char *name,
			      uint8_t *value, size_t *n)
{
	uint64_t r = draw(t, i, FOR_XATTR);
	enum tree_kind kind = t->nodes[i].kind;
	unsigned count = r % 5 == 0 ? 1 + (r >> 8) % 4 : r % 5 == 1;

	if (k >= count || kind == TREE_LINK)
		return false;
	sprintf(name, "%s.a%u-%.*s", kind == TREE_FILE || kind == TREE_DIR ? "user" : "trusted", k,
		(int)(r >> 16) % 40, "a-name-of-an-attribute-that-is-rather-long");
	*n = k == 1 ? 100 + (r >> 24) % 150 : (r >> 24) % 60;
	for (size_t b = 0; b < *n; b++)
		value[b] = tree_byte(r + k, b);
	return true;
}

#endif
