/*
 * Changes to files that happen all or not at all.
 *
 * The changes are lines of a file. It is var/lib/pkg/plan while new files are unpacked, under names
 * of their own in the directories where they belong; whoever finds it there takes everything back.
 * When all that is on the disk, the file's name becomes var/lib/pkg/commit, and the changes are
 * done, none of which needs room or can be refused; whoever finds it there does them once more,
 * since each may be done twice. With the last one, that of dpkg's status file, the file goes.
 *
 *	make PATH		a directory was made (back: remove it)
 *	put TEMPORARY PATH	the file or link gets its name (back: remove it)
 *	save TEMPORARY PATH	the same; what is at PATH is kept as .pkg-base-NAME beside it
 *	restore SAVED PATH	what was kept gets its name back
 *	drop PATH		a file goes
 *	prune PATH		a directory goes, if it is empty
 */
#include "pkg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLAN   STATE_DIR "/plan"
#define COMMIT STATE_DIR "/commit"

static struct buffer lines;
/* Between journal_begin() and journal_commit(): an end takes back what was done. */
static bool begun;

void journal_make(const char *path)
{
	buffer_print(&lines, "make\t%s\t\n", path);
}

/* save: what is at the path belongs to the system, and returns when the package goes. */
void journal_put(const char *temporary, const char *path, bool save)
{
	buffer_print(&lines, "%s\t%s\t%s\n", save ? "save" : "put", temporary, path);
}

void journal_restore(const char *saved, const char *path)
{
	buffer_print(&lines, "restore\t%s\t%s\n", saved, path);
}

void journal_drop(const char *path)
{
	buffer_print(&lines, "drop\t%s\t\n", path);
}

void journal_prune(const char *path)
{
	buffer_print(&lines, "prune\t%s\t\n", path);
}

/* One line's words, in place; false when there are no more. */
static bool next_line(char **text, char *words[3])
{
	char *line = strsep(text, "\n");

	if (!line || !*line)
		return false;
	for (int i = 0; i < 3; i++)
		words[i] = line ? strsep(&line, "\t") : "";
	return true;
}

/* Remove what was unpacked, then directories, those inside first. One that holds something else by
 * now stays. */
static void take_back(void)
{
	struct buffer plan = {0};
	char **made = NULL, *text, *words[3];
	size_t count = 0;

	if (!read_file(PLAN, &plan))
		return;
	for (text = plan.data; next_line(&text, words);) {
		if (!strcmp(words[0], "make")) {
			made = grow(made, count, sizeof(*made));
			made[count++] = words[1];
		} else if (!strcmp(words[0], "put") || !strcmp(words[0], "save")) {
			unlink(words[1]);
		}
	}
	while (count)
		rmdir(made[--count]);
	sync();
	if (unlink(PLAN))
		fprintf(stderr, "pkg: %s: %s\n", PLAN, strerror(errno));
	sync_directory(STATE_DIR);
}

static void at_end(void)
{
	if (begun) {
		begun = false;
		take_back();
	}
}

static _Noreturn void stuck(const char *path)
{
	fail("%s: %s; the rest is done by the next pkg (pkg recover)", path, strerror(errno));
}

/* Keep what is at a path under another name, before it is replaced. */
static void save_line(const char *path, const char *saved)
{
	if (linkat(AT_FDCWD, path, AT_FDCWD, saved, 0) && errno != EEXIST && errno != ENOENT)
		stuck(saved);
}

static void change_line(char *words[3])
{
	bool put = !strcmp(words[0], "put") || !strcmp(words[0], "save");

	if (put || !strcmp(words[0], "restore")) {
		if (rename(words[1], words[2]) && errno != ENOENT)
			stuck(words[2]);
	} else if (!strcmp(words[0], "drop")) {
		if (unlink(words[1]) && errno != ENOENT && errno != EISDIR && errno != ENOTDIR)
			stuck(words[1]);
	} else if (!strcmp(words[0], "prune")) {
		if (rmdir(words[1]) && errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT &&
		    errno != ENOTDIR && errno != EBUSY)
			stuck(words[1]);
	}
}

/*
 * Do what the committed journal says. What is replaced is kept first, and the status file comes
 * last, each with all before on the disk: a file system without a journal writes in any order.
 */
static void go_forward(void)
{
	struct buffer plan = {0};
	char *text, *copied, *words[3], *directory, *saved;
	struct stat status;

	if (!read_file(COMMIT, &plan))
		return;
	copied = copy(plan.data);
	for (text = copied; next_line(&text, words);) {
		if (strcmp(words[0], "save") || lstat(words[1], &status))
			continue;
		directory = directory_of(words[2]);
		saved = format("%s/" BASE_PREFIX "%s", directory, base_of(words[2]));
		save_line(words[2], saved);
		free(directory);
		free(saved);
	}
	sync();
	memcpy(copied, plan.data, plan.length);
	for (text = copied; next_line(&text, words);)
		if (strcmp(words[2], STATUS))
			change_line(words);
	sync();
	for (text = plan.data; next_line(&text, words);)
		if (!strcmp(words[2], STATUS))
			change_line(words);
	sync();
	if (unlink(COMMIT))
		fail("%s: %s", COMMIT, strerror(errno));
	sync_directory(STATE_DIR);
	free(copied);
}

/* Finish or take back what another pkg left: false if that was nothing. The caller has the lock. */
bool journal_recover(void)
{
	unlink(PLAN ".tmp");
	if (!access(COMMIT, F_OK)) {
		go_forward();
		return true;
	}
	if (!access(PLAN, F_OK)) {
		take_back();
		return true;
	}
	return false;
}

/* Write the journal down: from here on directories are made and files unpacked. */
void journal_begin(void)
{
	char *text, *copied, *words[3];

	hold_signals();
	write_durably(PLAN, &lines);
	begun = true;
	atexit(at_end);
	copied = copy(lines.data);
	for (text = copied; next_line(&text, words);)
		if (!strcmp(words[0], "make") && mkdir(words[1], 0755) && errno != EEXIST)
			fail("%s: %s", words[1], strerror(errno));
	free(copied);
}

/* All is unpacked: make the changes. */
void journal_commit(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	sync();
	if (fd < 0 || syncfs(fd))
		fail("cannot write to the disk: %s", strerror(errno));
	close(fd);
	if (rename(PLAN, COMMIT))
		fail("%s: %s", COMMIT, strerror(errno));
	begun = false;
	sync_directory(STATE_DIR);
	go_forward();
}
