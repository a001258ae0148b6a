/* Job control: sessions, process groups, controlling terminals, signals of keys, background
 * reads. */
#include "tap.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;
static char slave_path[40];

static bool open_pair(void)
{
	int number = -1, unlock = 0;

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (master < 0) {
		skip("job control", "no /dev/ptmx");
		return false;
	}
	must(ioctl(master, TIOCSPTLCK, &unlock));
	must(ioctl(master, TIOCGPTN, &number));
	snprintf(slave_path, sizeof(slave_path), "/dev/pts/%d", number);
	return true;
}

/* In a child: a session of its own with the slave as its terminal. */
static void become_leader(void)
{
	must(setsid());
	slave = must(open(slave_path, O_RDWR));
}

static int groups(void *argument)
{
	pid_t child;

	(void)argument;
	fails(setpgid(0, 999999), EPERM, "a group that is not there");
	works(setpgid(0, 0), "a group of one's own");
	is(getpgrp(), getpid(), "is led by oneself");
	fails(setsid(), EPERM, "a leader cannot start a session");
	child = tap_spawn(tap_forever, NULL);
	is(getpgid(child), getpgrp(), "a child is in its parent's group");
	works(setpgid(child, child), "until it is moved");
	is(getpgid(child), child, "moved");
	works(setpgid(child, getpgrp()), "and back");
	fails(setpgid(child, 1), EPERM, "not to another session's group");
	fails(setpgid(1, 1), ESRCH, "not somebody else's");
	fails(setpgid(child, -1), EINVAL, "no negative group");
	kill(child, SIGKILL);
	dies(child, SIGKILL, "end");
	return 0;
}

TEST(groups)
{
	exits(tap_spawn(groups, NULL), 0, "groups");
}

static int session(void *argument)
{
	pid_t child, was = getpid();

	(void)argument;
	is(setsid(), getpid(), "setsid");
	ok(getsid(0) == was && getpgrp() == was, "leads a session and a group");
	fails(open("/dev/tty", O_RDWR), ENXIO, "it has no terminal");
	slave = must(open(slave_path, O_RDWR | O_NOCTTY));
	fails(open("/dev/tty", O_RDWR), ENXIO, "O_NOCTTY takes none");
	close(slave);
	slave = must(open(slave_path, O_RDWR));
	works(open("/dev/tty", O_RDWR), "opening one takes it");
	is(tcgetsid(slave), was, "tcgetsid");
	is(tcgetpgrp(slave), was, "tcgetpgrp");
	child = tap_spawn(tap_forever, NULL);
	must(setpgid(child, child));
	works(tcsetpgrp(slave, child), "tcsetpgrp");
	is(tcgetpgrp(slave), child, "the foreground");
	signal(SIGTTOU, SIG_IGN);
	fails(tcsetpgrp(slave, 999999), ESRCH, "no such group");
	kill(child, SIGKILL);
	must(waitpid(child, NULL, 0));
	return 0;
}

TEST(session)
{
	if (open_pair())
		exits(tap_spawn(session, NULL), 0, "session");
}

static int keys(void *argument)
{
	static const struct {
		char key;
		int signal;
	} keys[] = {{3, SIGINT}, {28, SIGQUIT}, {26, SIGTSTP}};

	(void)argument;
	become_leader();
	signal(SIGTTOU, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		pid_t child = tap_spawn(tap_forever, NULL);
		int status;

		must(setpgid(child, child));
		must(tcsetpgrp(slave, child));
		must(write(master, &keys[i].key, 1));
		must(waitpid(child, &status, WUNTRACED));
		if (keys[i].signal == SIGTSTP) {
			ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP,
			   "^Z stops the foreground");
			kill(child, SIGKILL);
			must(waitpid(child, NULL, 0));
		} else {
			ok(WIFSIGNALED(status) && WTERMSIG(status) == keys[i].signal,
			   "^C and ^\\ end the foreground");
		}
	}
	return 0;
}

TEST(keys)
{
	if (open_pair())
		exits(tap_spawn(keys, NULL), 0, "the leader is not touched");
}

static int background_read(void *argument)
{
	char b[10];

	(void)argument;
	return read(slave, b, 10) == 3 ? 5 : 6;
}

static int background_write(void *argument)
{
	(void)argument;
	return write(slave, "x", 1) == 1 ? 5 : 6;
}

static int background(void *argument)
{
	struct termios t;
	pid_t child;
	int status;

	(void)argument;
	become_leader();
	signal(SIGTTOU, SIG_IGN);
	child = must(fork());
	if (child == 0) {
		setpgid(0, 0);
		_exit(background_read(NULL));
	}
	must(waitpid(child, &status, WUNTRACED));
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN,
	   "a read in the background stops with SIGTTIN");
	must(tcsetpgrp(slave, child));
	must(kill(-child, SIGCONT));
	must(write(master, "hi\n", 3));
	exits(child, 5, "in the foreground it goes on");
	must(tcsetpgrp(slave, getpgrp()));
	child = must(fork());
	if (child == 0) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_DFL);
		_exit(background_write(NULL));
	}
	exits(child, 5, "a write in the background is allowed");
	must(tcgetattr(slave, &t));
	t.c_lflag |= TOSTOP;
	must(tcsetattr(slave, TCSANOW, &t));
	child = must(fork());
	if (child == 0) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_DFL);
		_exit(background_write(NULL));
	}
	must(waitpid(child, &status, WUNTRACED));
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU, "unless TOSTOP is set: SIGTTOU");
	kill(child, SIGKILL);
	must(waitpid(child, NULL, 0));
	child = must(fork());
	if (child == 0) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_DFL);
		_exit(tcsetattr(slave, TCSANOW, &t) == 0 ? 5 : 6);
	}
	must(waitpid(child, &status, WUNTRACED));
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU,
	   "tcsetattr in the background: SIGTTOU, always");
	kill(child, SIGKILL);
	must(waitpid(child, NULL, 0));
	child = must(fork());
	if (child == 0) {
		setpgid(0, 0);
		signal(SIGTTIN, SIG_IGN);
		_exit(read(slave, &status, 1) == -1 && errno == EIO ? 5 : 6);
	}
	exits(child, 5, "with SIGTTIN ignored: EIO");
	return 0;
}

TEST(background)
{
	if (open_pair())
		exits(tap_spawn(background, NULL), 0, "the leader ends well");
}

static volatile sig_atomic_t got;

static void on_signal(int signal)
{
	got = signal;
}

static int resized(void *argument)
{
	struct winsize w = {40, 100, 0, 0};

	(void)argument;
	become_leader();
	signal(SIGWINCH, on_signal);
	must(ioctl(master, TIOCSWINSZ, &w));
	for (int i = 0; i < 200 && !got; i++)
		tap_sleep_ms(10);
	is(got, SIGWINCH, "the foreground learns of a new size");
	got = 0;
	must(ioctl(master, TIOCSWINSZ, &w));
	tap_sleep_ms(20);
	is(got, 0, "and not of the same one");
	return 0;
}

TEST(resized)
{
	if (open_pair())
		exits(tap_spawn(resized, NULL), 0, "the leader ends well");
}

static int leader_exits(void *argument)
{
	int *p = argument;
	pid_t child;

	become_leader();
	signal(SIGTTOU, SIG_IGN);
	child = must(fork());
	if (child == 0) {
		signal(SIGHUP, on_signal);
		must(write(p[1], "r", 1));
		for (int i = 0; i < 1000 && !got; i++)
			tap_sleep_ms(10);
		char result[2] = {got == SIGHUP ? 'h' : '?', 0};

		result[1] = open("/dev/tty", O_RDWR) < 0 && errno == ENXIO ? 'e' : '?';
		_exit(write(p[1], result, 2) != 2);
	}
	char b;

	must(read(p[0], &b, 1));
	return 0;
}

TEST(leader_exits)
{
	char result[3] = "";
	int p[2];

	if (!open_pair())
		return;
	must(pipe(p));
	exits(tap_spawn(leader_exits, p), 0, "the leader");
	must(read(p[0], result, 2));
	is(result[0], 'h', "its foreground group gets SIGHUP");
	is(result[1], 'e', "and has no terminal any more");
}


TEST(master_closes)
{
	int p[2];
	pid_t pid;
	char b;

	if (!open_pair())
		return;
	must(pipe(p));
	pid = must(fork());
	if (pid == 0) {
		int copy = master;

		become_leader();
		close(copy);
		signal(SIGHUP, on_signal);
		must(write(p[1], "r", 1));
		for (int i = 0; i < 1000 && !got; i++)
			tap_sleep_ms(10);
		_exit(got == SIGHUP ? 5 : 6);
	}
	must(read(p[0], &b, 1));
	must(close(master));
	exits(pid, 5, "closing the master: the leader gets SIGHUP");

}

static int orphaned(void *argument)
{
	int *p = argument;
	pid_t parent = getpid(), child = must(fork());

	if (child == 0) {
		/* A stopped member of a group that becomes orphaned gets SIGHUP and SIGCONT. */
		signal(SIGHUP, on_signal);
		must(write(p[1], "r", 1));
		kill(getpid(), SIGSTOP);
		for (int i = 0; i < 1000 && (!got || getppid() == parent); i++)
			tap_sleep_ms(10);
		/* In an orphaned group, SIGTSTP does not stop. */
		raise(SIGTSTP);
		_exit(write(p[1], got == SIGHUP ? "h" : "?", 1) != 1);
	}
	must(setpgid(child, child));
	must(waitpid(child, NULL, WUNTRACED));
	return 0;
}

TEST(orphaned_group)
{
	char b = 0;
	int p[2];

	must(pipe(p));
	pid_t pid = must(fork());
	if (pid == 0) {
		must(setsid());
		exits(tap_spawn(orphaned, p), 0, "the parent of the stopped child");
		_exit(0);
	}
	must(read(p[0], &b, 1));
	exits(pid, 0, "and the session's leader end");
	must(read(p[0], &b, 1));
	is(b, 'h', "the child is hung up and continued");
}
