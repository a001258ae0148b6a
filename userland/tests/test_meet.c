/*
 * Calls about files that meet on several CPUs: each test has threads hammer one part of the system
 * for a moment, with an invariant that a race would break. They pass on one CPU as well.
 */
#include "meet.h"
#include <dirent.h>
#include <poll.h>
#include <sys/mount.h>

/* Two threads that meet at the same moment. */
static pthread_barrier_t gate;
static _Atomic int first_result, second_result;

/*
 * Mounts.
 */
static int mount_here(void)
{
	return mount("t", "m", "tmpfs", 0, NULL);
}

static void *open_in_mount(void *argument)
{
	pthread_barrier_wait(&gate);
	first_result = open("m/f", O_RDONLY);
	return argument;
}

static void *umount_it(void *argument)
{
	pthread_barrier_wait(&gate);
	second_result = umount2("m", 0);
	return argument;
}

TEST(umount_against_open)
{
	static void *(*const run[])(void *) = {open_in_mount, umount_it};
	int both = 0;

	if (!tap_root()) {
		skip("mount", "needs root");
		return;
	}
	must(mkdir("m", 0755));
	must(pthread_barrier_init(&gate, NULL, 2));
	begin();
	while (go_on()) {
		must(mount_here());
		close(must(open("m/f", O_CREAT | O_WRONLY, 0644)));
		together(2, run, NULL);
		both += first_result >= 0 && second_result == 0;
		if (first_result >= 0)
			close(first_result);
		if (second_result)
			must(umount2("m", MNT_DETACH));
	}
	is(both, 0, "what is open is not unmounted");
}

static void *remove_place(void *argument)
{
	pthread_barrier_wait(&gate);
	first_result = rmdir("m");
	return argument;
}

static void *mount_on_place(void *argument)
{
	pthread_barrier_wait(&gate);
	second_result = mount_here();
	return argument;
}

TEST(rmdir_against_mount)
{
	static void *(*const run[])(void *) = {remove_place, mount_on_place};
	int both = 0;

	if (!tap_root()) {
		skip("mount", "needs root");
		return;
	}
	must(pthread_barrier_init(&gate, NULL, 2));
	begin();
	while (go_on()) {
		must(mkdir("m", 0755));
		together(2, run, NULL);
		both += first_result == 0 && second_result == 0;
		if (second_result == 0 && umount2("m", 0))
			break;
		if (first_result)
			must(rmdir("m"));
	}
	is(both, 0, "a directory is removed or mounted on, not both");
}

static void *move_mounts(void *argument)
{
	while (go_on())
		if (mount("a", "b", NULL, MS_MOVE, NULL) || mount("b", "a", NULL, MS_MOVE, NULL))
			bad++;
	done = 1;
	return argument;
}

/* With the mount at a or at b, a look at either that begins and ends in one state finds it. */
static void *look_through(void *argument)
{
	while (go_on()) {
		struct stat st;

		if (stat("a/../a/.", &st) || stat("b/../b/.", &st))
			bad++;
	}
	return argument;
}

TEST(mounts_that_move)
{
	static void *(*const run[])(void *) = {move_mounts, look_through, look_through};

	if (!tap_root()) {
		skip("mount", "needs root");
		return;
	}
	must(mkdir("a", 0755));
	must(mkdir("b", 0755));
	must(mkdir("p", 0755));
	must(mount("p", "p", NULL, MS_BIND, NULL)); /* nothing moves out of a shared mount */
	must(mount(NULL, "p", NULL, MS_PRIVATE, NULL));
	must(chdir("p"));
	must(mkdir("a", 0755));
	must(mkdir("b", 0755));
	must(mount("t", "a", "tmpfs", 0, NULL));
	begin();
	together(3, run, NULL);
	is(bad, 0, "moves and walks succeed");
	must(chdir(".."));
	must(umount2("p", MNT_DETACH));
}

static void *change_mounted(void *argument)
{
	while (go_on()) {
		mkdir("m/d", 0755);
		rmdir("m/d");
	}
	return argument;
}

static void *remount_mounted(void *argument)
{
	while (go_on()) {
		if (mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0) {
			bool there = access("m/d", F_OK) == 0;

			for (int i = 0; i < 20; i++)
				bad += (access("m/d", F_OK) == 0) != there;
			bad += mount(NULL, "m", NULL, MS_REMOUNT, NULL) != 0;
		} else if (errno != EBUSY) {
			bad++;
		}
	}
	return argument;
}

TEST(changes_end_before_a_remount)
{
	static void *(*const run[])(void *) = {change_mounted, change_mounted, remount_mounted};

	if (!tap_root()) {
		skip("mount", "needs root");
		return;
	}
	must(mkdir("m", 0755));
	must(mount_here());
	begin();
	together(3, run, NULL);
	is(bad, 0, "what is read-only does not change");
	must(umount2("m", 0));
}

/*
 * Names.
 */
static void *make_and_remove(void *argument)
{
	while (go_on()) {
		int fd;

		if (mkdir("d", 0755) && errno != EEXIST)
			bad++;
		fd = open("d/f", O_CREAT | O_RDWR, 0644);
		if (fd < 0 && errno != ENOENT)
			bad++;
		if (fd >= 0)
			close(fd);
		if (rename("d", "e") && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
			bad++;
		unlink("e/f");
		if (rmdir("e") && errno != ENOENT && errno != ENOTEMPTY)
			bad++;
	}
	return argument;
}

static void *look_at_names(void *argument)
{
	static const char *const names[] = {"d", "d/f", "e", "e/f", "d/../e/f", "e/../d/none"};
	struct stat st;

	for (unsigned i = 0; go_on(); i++)
		if (stat(names[i % 6], &st) && errno != ENOENT)
			bad++;
	return argument;
}

static void *drop_caches(void *argument)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	while (fd >= 0 && go_on()) {
		if (write(fd, "2", 1) != 1)
			bad++;
		usleep(500);
	}
	close(fd);
	return argument;
}

TEST(names_come_and_go)
{
	static void *(*const run[])(void *) = {make_and_remove, make_and_remove, look_at_names,
					       drop_caches};

	begin();
	together(4, run, NULL);
	is(bad, 0, "every call ends as one of them alone could");
	unlink("d/f");
	rmdir("d");
	unlink("e/f");
	rmdir("e");
	fails(access("d", F_OK), ENOENT, "nothing is left");
	fails(access("e", F_OK), ENOENT, "under neither name");
}

/* A directory that nobody may search is made in place of one that everybody may. */
static void *swap_directories(void *argument)
{
	while (go_on()) {
		mkdir("open", 0777);
		rmdir("open");
		umask(0);
		mkdir("open", 0700);
		close(open("open/secret", O_CREAT | O_WRONLY, 0644));
		unlink("open/secret");
		rmdir("open");
	}
	done = 1;
	return argument;
}

static int look_for_secret(void *argument)
{
	while (go_on()) {
		struct stat st;

		if (stat("open/secret", &st) == 0)
			return 1;
	}
	return (int)(long)argument;
}

static int look_as_user(void *argument)
{
	return setgid(1000) || setuid(1000) ? 2 : look_for_secret(argument);
}

TEST(rights_go_with_the_directory)
{
	pid_t pid;

	if (!tap_root()) {
		skip("setuid", "needs root");
		return;
	}
	must(chmod(".", 0755));
	begin();
	pid = tap_spawn(look_as_user, NULL);
	swap_directories(NULL);
	exits(pid, 0, "no walk has the rights of one and the names of the next");
}

struct crew { int number; };

static void *work_in_directory(void *argument)
{
	int number = ++*(_Atomic int *)&((struct crew *)argument)->number;
	char name[32], text[32], back[32];

	for (int i = 0; go_on(); i++) {
		int fd, length;

		snprintf(name, sizeof(name), "dir/w%d-%d", number, i);
		length = snprintf(text, sizeof(text), "%d of %d", i, number);
		fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0644);
		if (fd < 0 || write(fd, text, (size_t)length) != length)
			bad++;
		if (pread(fd, back, sizeof(back), 0) != length ||
		    memcmp(back, text, (size_t)length))
			bad++;
		if (i % 3 && unlink(name))
			bad++;
		close(fd);
		if (i % 3 == 0) {
			char to[32];

			snprintf(to, sizeof(to), "dir/k%d-%d", number, i % 30);
			if (rename(name, to))
				bad++;
		}
	}
	return argument;
}

static void *sync_all(void *argument)
{
	int dir = open("dir", O_RDONLY | O_DIRECTORY);

	while (go_on()) {
		if (fsync(dir))
			bad++;
		usleep(20000);
	}
	close(dir);
	return argument;
}

TEST(writers_in_one_directory)
{
	static void *(*const run[])(void *) = {work_in_directory, work_in_directory,
					       work_in_directory, sync_all};
	struct crew crew = {0};
	int left = 0, strange = 0;
	struct dirent *entry;

	must(mkdir("dir", 0755));
	begin();
	together(4, run, &crew);
	is(bad, 0, "each has its own files");
	DIR *dir = opendir("dir");
	while ((entry = readdir(dir))) {
		char name[300];
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		left++;
		snprintf(name, sizeof(name), "dir/%s", entry->d_name);
		strange += entry->d_name[0] != 'k' || stat(name, &st) || st.st_nlink != 1 ||
			   st.st_size == 0 || unlink(name);
	}
	closedir(dir);
	ok(left <= 30 && left > 0, "the directory has what was kept");
	is(strange, 0, "and nothing else");
	works(rmdir("dir"), "it is empty then");
}

/*
 * Descriptors.
 */
static void *change_descriptor(void *argument)
{
	int *fds = argument;

	while (go_on()) {
		dup2(fds[0], 100);
		dup2(fds[1], 100);
		close(100);
		/* an open that fails uses a file's storage for a moment */
		if (open("fifo", O_WRONLY | O_NONBLOCK) != -1 || errno != ENXIO)
			bad++;
	}
	done = 1;
	return NULL;
}

static void *use_descriptor(void *argument)
{
	while (go_on()) {
		struct pollfd p = {100, POLLIN, 0};
		char c = 0;
		ssize_t n = pread(100, &c, 1, 0);

		if (n == 1 ? c != 'a' && c != 'b' : n == 0 || errno != EBADF)
			bad++;
		if (poll(&p, 1, 0) != 1 || (p.revents != POLLIN && p.revents != POLLNVAL))
			bad++;
		if (lseek(100, 0, SEEK_CUR) < 0 && errno != EBADF)
			bad++;
	}
	return argument;
}

TEST(descriptors)
{
	static void *(*const run[])(void *) = {change_descriptor, use_descriptor, use_descriptor};
	int fds[2] = {tap_file("a", "a"), tap_file("b", "b")};

	must(mkfifo("fifo", 0600));
	begin();
	together(3, run, fds);
	is(bad, 0, "a descriptor is one file, the other, or none");
}

static void *append_lines(void *argument)
{
	int fd = *(int *)argument;

	for (int i = 0; i < 500; i++)
		if (write(fd, "0123456789abcde\n", 16) != 16)
			bad++;
	return NULL;
}

TEST(shared_position)
{
	static void *(*const run[])(void *) = {append_lines, append_lines, append_lines};
	int fd = must(open("f", O_CREAT | O_RDWR, 0644));

	begin();
	together(3, run, &fd);
	is(bad, 0, "writes succeed");
	is(lseek(fd, 0, SEEK_END), 3 * 500 * 16, "none was written over another");
}

/*
 * Pages.
 */
enum { FILE_SIZE = 40000 };

static void *write_pattern(void *argument)
{
	static char pattern[FILE_SIZE];

	memset(pattern, 'p', sizeof(pattern));
	while (go_on())
		if (pwrite(*(int *)argument, pattern, FILE_SIZE, 0) != FILE_SIZE)
			bad++;
	return NULL;
}

static void *cut_off(void *argument)
{
	for (unsigned i = 0; go_on(); i++) {
		if (ftruncate(*(int *)argument, i * 4099 % FILE_SIZE))
			bad++;
		if (i % 64 == 0)
			fdatasync(*(int *)argument);
	}
	return NULL;
}

static void *read_pattern(void *argument)
{
	static _Thread_local char text[FILE_SIZE];

	while (go_on()) {
		ssize_t n = pread(*(int *)argument, text, FILE_SIZE, 0);

		for (ssize_t i = 0; i < n; i++)
			if (text[i] != 'p' && text[i] != 0) {
				bad++;
				break;
			}
	}
	return NULL;
}

TEST(truncation_against_writing)
{
	static void *(*const run[])(void *) = {write_pattern, cut_off, read_pattern};
	int fd = must(open("f", O_CREAT | O_RDWR, 0644));

	begin();
	together(3, run, &fd);
	is(bad, 0, "a byte is what was written, or 0");
}
