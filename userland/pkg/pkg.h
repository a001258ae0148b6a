/*
 * pkg: installs, upgrades and removes packages (docs/packages.md).
 *
 * A walk through it: main.c reads the command line; source.c has the signed indexes and fetches;
 * package.c knows packages, versions and relations; solve.c finds the set of packages that is to be
 * installed afterwards; plan.c makes of the difference a list of changes to files, journal.c does
 * these so that they happen all or not at all. deb.c and tar.c read packages, installed.c is the
 * database, query.c what only looks.
 *
 * pkg works in the root directory of the system it changes: inside, paths begin without a slash.
 * Any error ends it (fail()): what a journal has begun is taken back then, and what died without a
 * word is by the next pkg.
 */
#ifndef PKG_H
#define PKG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define DB_DIR	   "var/lib/dpkg"
#define INFO_DIR   DB_DIR "/info"
#define STATUS	   DB_DIR "/status"
#define STATE_DIR  "var/lib/pkg"
#define LIST_DIR   STATE_DIR "/lists"
#define CACHE_DIR  "var/cache/pkg"
#define KEY_DIR	   "etc/pkg/keys"
#define SOURCES	   "etc/pkg/sources"
#define MOUNT_DIR  "run/pkg"
#define NEW_PREFIX  ".pkg-new-"
#define BASE_PREFIX ".pkg-base-"

/* ---- util.c, process.c ------------------------------------------------------------------- */

struct buffer {
	char *data; /* with a NUL behind it */
	size_t length, room;
};

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void hold_signals(void);
void *get(size_t size);
void *grow(void *array, size_t count, size_t size);
char *copy(const char *text);
char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void buffer_add(struct buffer *buffer, const void *data, size_t length);
void buffer_print(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool read_file(const char *path, struct buffer *buffer);
void write_all(int fd, const void *data, size_t length, const char *path);
void write_durably(const char *path, const struct buffer *buffer);
void sync_directory(const char *path);
void make_directories(const char *path);
char *directory_of(const char *path);
const char *base_of(const char *path);
void progress_begin(const char *what, uint64_t total);
void progress_add(uint64_t done);
void progress_end(void);

pid_t start(const char *const *arguments, int in, int out, bool quiet);
bool ended_well(pid_t child);
int command(const char *const *arguments, struct buffer *output, size_t limit, bool quiet);

/* ---- sha256.c ---------------------------------------------------------------------------- */

#define SHA256_TEXT 65

struct sha256 {
	uint32_t state[8];
	uint64_t length;
	uint8_t block[64];
};

void sha256_init(struct sha256 *sum);
void sha256_add(struct sha256 *sum, const void *data, size_t length);
void sha256_end(struct sha256 *sum, char text[SHA256_TEXT]);
bool sha256_file(const char *path, char text[SHA256_TEXT]);

/* ---- package.c, version.c ---------------------------------------------------------------- */

/* A package: installed, listed by an index, or a file that was named. */
struct package {
	char *name, *version;
	char *control;	       /* its paragraph */
	const char *source;    /* listed: the line of etc/pkg/sources; else NULL */
	char *file;	       /* listed: the file in the source; named: its path; else NULL */
	char *sha256;	       /* listed: of the file */
	uint64_t size;	       /* listed: the file's bytes */
	char *path;	       /* where the file is, once it is here */
	bool placed, replaced; /* solve.c's marks */
};

struct packages {
	struct package **all;
	size_t count;
};

/* One term of Depends and its kin: a name, perhaps with a limit of versions. */
struct relation {
	char *name;
	char limit[3]; /* "", "<<", "<=", "=", ">=", ">>" */
	char *version;
	bool more; /* another one may stand in for it: the next */
};

struct relations {
	struct relation *all;
	size_t count;
};

int version_compare(const char *a, const char *b);
char *field(const char *control, const char *name);
struct package *package_new(const char *paragraph, size_t length);
void packages_add(struct packages *packages, struct package *package);
struct package *packages_find(const struct packages *packages, const char *name);
void packages_sort(struct packages *packages);
void packages_parse(struct packages *packages, const char *text,
		    void (*each)(struct packages *, struct package *, void *), void *argument);
struct relations relations_of(const struct package *package, const char *name);
bool relation_met_by(const struct relation *relation, const struct package *package);
const struct package *relation_met(const struct relation *relation,
				   const struct packages *packages);
char *relation_text(const struct relation *relation);

/* ---- installed.c ------------------------------------------------------------------------- */

/* What a package has at a path. */
struct file {
	char kind; /* f file, l symbolic link, d directory, h hard link (in an archive only) */
	char *path;
	unsigned mode, uid, gid;
	int64_t mtime;
	uint64_t size;
	char *target;		/* of a link */
	char sum[SHA256_TEXT];	/* of a file; "" if it is not known */
	const struct package *owner;
	size_t order;		/* its place in the archive */
	char *temporary;	/* the name it is unpacked under, NULL if it is not */
};

struct files {
	struct file *all;
	size_t count;
};

void installed_read(struct packages *installed);
void installed_files(const struct package *package, struct files *files);
void files_add(struct files *files, struct file file);
void files_sort(struct files *files);
struct file *files_find(const struct files *files, const char *path);
bool is_configuration(const char *path);
void installed_print(struct buffer *buffer, const struct packages *packages);
void manifest_print(struct buffer *buffer, const struct file *file);

/* ---- deb.c, tar.c ------------------------------------------------------------------------ */

/* An open package file. */
struct deb {
	const char *name;
	int fd;
	struct {
		off_t offset, size;
		const char *unpacker; /* a program, or NULL */
	} control, data;
};

/* A member of a package as it is unpacked. */
struct tar {
	const char *name;
	int fd;
	pid_t feeder, unpacker;
	uint64_t left, padding; /* of the present entry */
	uint64_t total;		/* bytes so far */
	uint64_t limit;		/* and at most */
	struct file entry;
	bool over;
};

void deb_open(struct deb *deb, const char *path);
struct package *deb_package(struct deb *deb);
void deb_data(struct deb *deb, struct tar *tar);
void deb_close(struct deb *deb);

void tar_begin(struct tar *tar, const char *name, int fd, off_t offset, off_t size,
	       const char *unpacker);
bool tar_next(struct tar *tar);
size_t tar_read(struct tar *tar, void *data, size_t length);
void tar_end(struct tar *tar);

/* ---- source.c ---------------------------------------------------------------------------- */

bool sources_update(void);
void sources_read(struct packages *available, bool update);
void package_fetch(struct package *package);
void package_release(struct package *package);

/* ---- solve.c, plan.c, journal.c ---------------------------------------------------------- */

void solve_place(struct packages *final, const struct packages *available,
		 struct package *package);
void solve_settle(struct packages *final, const struct packages *available);
void solve_remove(struct packages *final, char *const *names, bool with_others);

void plan_run(const struct packages *installed, const struct packages *final, bool only_say);

void journal_make(const char *path);
void journal_put(const char *temporary, const char *path, bool save);
void journal_restore(const char *saved, const char *path);
void journal_drop(const char *path);
void journal_prune(const char *path);
void journal_begin(void);
void journal_commit(void);
bool journal_recover(void);

/* ---- query.c ----------------------------------------------------------------------------- */

int query_list(char *const *names);
int query_search(char *const *words);
int query_info(char *const *names);
int query_files(char *const *names);
int query_owner(char *const *paths);
int query_verify(char *const *names);

#endif
