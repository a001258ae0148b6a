/*
 * Controlling terminals (credentials(7), ioctl_tty(2)): who gets one, gives it up and loses it; and
 * what a group in the background, orphaned or not, may do to it.
 */
#include "pair.h"

static volatile sig_atomic_t got, continued;

static void on_signal(int signal)
{
	if (signal == SIGCONT)
		continued = 1;
	else
		got = signal;
}

static bool has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A leader of a session whose terminal the slave is. */
static void become_leader(void)
{
	must(setsid());
	slave = must(open(slave_path, O_RDWR));
}

/* Waits for a byte through a pipe, or sends one. */
static int to_parent[2], to_child[2];

static void await(int fds[2])
{
	char b;

	must(read(fds[0], &b, 1));
}

static void go_on(int fds[2])
{
	must(write(fds[1], "", 1));
}

static int take_one(void *argument)
{
	int other;

	(void)argument;
	signal(SIGHUP, SIG_IGN);
	slave = must(open(slave_path, O_RDWR | O_NOCTTY));
	fails(ioctl(slave, TIOCSCTTY, 0), EPERM, "who leads no session gets none");
	fails(ioctl(slave, TIOCSCTTY, 1), EPERM, "not by force, either");
	must(setsid());
	fails(tcgetpgrp(slave), ENOTTY, "not mine yet");
	fails(tcgetsid(slave), ENOTTY, "of no session");
	fails(ioctl(slave, TIOCNOTTY), ENOTTY, "cannot be given up");
	works(ioctl(slave, TIOCSCTTY, 0), "a leader gets it");
	works(ioctl(slave, TIOCSCTTY, 0), "again: nothing happens");
	is(tcgetpgrp(slave), getpgrp(), "its group is in the foreground");
	pair_master();
	other = must(open(slave_path, O_RDWR));
	fails(tcgetpgrp(other), ENOTTY, "no second one by open()");
	fails(ioctl(other, TIOCSCTTY, 0), EPERM, "nor by TIOCSCTTY");
	fails(ioctl(other, TIOCSCTTY, 1), EPERM, "nor by force");
	works(ioctl(slave, TIOCNOTTY), "TIOCNOTTY");
	ok(!has_terminal(), "gives it up");
	works(ioctl(other, TIOCSCTTY, 0), "then another one is taken");
	ok(has_terminal(), "and is there");
	return 0;
}

TEST(take_one)
{
	pair_master();
	exits(tap_spawn(take_one, NULL), 0, "the leader");
}

static int write_only(void *argument)
{
	(void)argument;
	must(setsid());
	slave = must(open(slave_path, O_WRONLY));
	ok(!has_terminal(), "open() for writing alone takes none");
	return 0;
}

static int write_only_user(void *argument)
{
	(void)argument;
	must(setsid());
	slave = must(open(slave_path, O_WRONLY));
	fails(ioctl(slave, TIOCSCTTY, 0), EPERM, "nor does TIOCSCTTY for a user");
	return 0;
}

TEST(write_only)
{
	pair_master();
	exits(tap_spawn(write_only, NULL), 0, "the leader");
	must(chmod(slave_path, 0666));
	is(tap_as_user(write_only_user, NULL), 0, "the user ends");
}

/* Owns the terminal and loses it. */
static int victim(void *argument)
{
	(void)argument;
	become_leader();
	signal(SIGHUP, on_signal);
	go_on(to_parent);
	await(to_child);
	ok(!has_terminal(), "the session it was stolen from has none");
	is(got, 0, "and is not told");
	fails(tcgetpgrp(slave), ENOTTY, "it is not its own");
	works(write(slave, "x", 1), "but can be written");
	fails(ioctl(slave, TIOCSCTTY, 0), EPERM, "and not be taken back");
	return 0;
}

static int ask_as_user(void *argument)
{
	(void)argument;
	must(setsid());
	fails(ioctl(slave, TIOCSCTTY, 0), EPERM, "another session's terminal");
	fails(ioctl(slave, TIOCSCTTY, 1), EPERM, "cannot be stolen by a user");
	return 0;
}

static int thief(void *argument)
{
	(void)argument;
	must(setsid());
	fails(ioctl(slave, TIOCSCTTY, 0), EPERM, "root has to ask for it");
	fails(ioctl(slave, TIOCSCTTY, 2), EPERM, "by 1");
	works(ioctl(slave, TIOCSCTTY, 1), "and then steals it");
	is(tcgetpgrp(slave), getpgrp(), "its own now");
	go_on(to_child);
	await(to_parent);
	return 0;
}

TEST(stealing)
{
	pid_t owner, pid;

	pair_master();
	must(pipe(to_parent));
	must(pipe(to_child));
	owner = tap_spawn(victim, NULL);
	await(to_parent);
	slave = must(open(slave_path, O_RDWR | O_NOCTTY));
	is(tap_as_user(ask_as_user, NULL), 0, "the user ends");
	pid = tap_spawn(thief, NULL);
	exits(owner, 0, "the victim");
	go_on(to_parent);
	exits(pid, 0, "the thief");
}

static int member(void *argument)
{
	(void)argument;
	signal(SIGHUP, on_signal);
	signal(SIGCONT, on_signal);
	go_on(to_parent);
	for (int i = 0; i < 500 && !(got && continued); i++)
		tap_sleep_ms(10);
	is(got, SIGHUP, "the foreground group gets SIGHUP");
	ok(continued, "and SIGCONT");
	ok(!has_terminal(), "the session's terminal is gone");
	return 0;
}

static int stays(void *argument)
{
	(void)argument;
	signal(SIGHUP, on_signal);
	signal(SIGCONT, on_signal);
	go_on(to_parent);
	for (int i = 0; i < 500 && !got; i++)
		tap_sleep_ms(10);
	tap_sleep_ms(200);
	is(got, SIGHUP, "the foreground group gets SIGHUP when the leader ends");
	is(continued, 0, "and no SIGCONT");
	ok(!has_terminal(), "and has no terminal");
	go_on(to_child);
	return 0;
}

static int leaves(void *argument)
{
	(void)argument;
	become_leader();
	tap_spawn(stays, NULL);
	await(to_parent);
	signal(SIGHUP, SIG_IGN);
	return 0;
}

TEST(leader_ends)
{
	pair_master();
	must(pipe(to_parent));
	must(pipe(to_child));
	slave = must(open(slave_path, O_RDWR | O_NOCTTY));
	exits(tap_spawn(leaves, NULL), 0, "the leader");
	await(to_child);
	works(write(slave, "x", 1), "nobody was hung up");
}

static int not_leader(void *argument)
{
	(void)argument;
	works(ioctl(slave, TIOCNOTTY), "a member gives it up for itself");
	ok(!has_terminal(), "it has none");
	fails(tcgetpgrp(slave), ENOTTY, "nor its group");
	return 0;
}

static int gives_up(void *argument)
{
	pid_t child;

	(void)argument;
	become_leader();
	exits(tap_spawn(not_leader, NULL), 0, "the member");
	ok(has_terminal(), "the others keep it");
	signal(SIGTTOU, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	child = must(fork());
	if (child == 0) {
		setpgid(0, 0);
		_exit(member(NULL));
	}
	await(to_parent);
	must(tcsetpgrp(slave, child));
	works(ioctl(slave, TIOCNOTTY), "the leader gives it up for all");
	exits(child, 0, "the child");
	return 0;
}

TEST(giving_up)
{
	pair_master();
	must(pipe(to_parent));
	exits(tap_spawn(gives_up, NULL), 0, "the leader");
}

/* In a group without a parent in the session. */
static int orphan(void *argument)
{
	struct termios t;
	char b;

	(void)argument;
	signal(SIGTTIN, on_signal);
	signal(SIGTTOU, on_signal);
	for (int i = 0; i < 500 && getppid() == (pid_t)(intptr_t)argument; i++)
		tap_sleep_ms(10);
	fails(read(slave, &b, 1), EIO, "an orphaned group reads: EIO");
	fails(write(slave, "x", 1), EIO, "writes with TOSTOP: EIO");
	must(tcgetattr(slave, &t));
	fails(tcsetattr(slave, TCSANOW, &t), EIO, "tcsetattr: EIO");
	fails(tcflush(slave, TCIFLUSH), EIO, "tcflush: EIO");
	fails(tcflow(slave, TCOON), EIO, "tcflow: EIO");
	fails(tcsendbreak(slave, 0), EIO, "tcsendbreak: EIO");
	fails(tcsetpgrp(slave, getpgrp()), ENOTTY, "tcsetpgrp: ENOTTY");
	is(got, 0, "and gets no signal");
	signal(SIGTTOU, SIG_IGN);
	works(write(slave, "x", 1), "with SIGTTOU ignored it writes");
	works(tcsetattr(slave, TCSANOW, &t), "and sets modes");
	go_on(to_parent);
	return 0;
}

static int orphan_maker(void *argument)
{
	(void)argument;
	must(setpgid(0, 0));
	if (must(fork()) == 0)
		_exit(orphan((void *)(intptr_t)getppid()));
	_exit(0);
}

static int orphans(void *argument)
{
	(void)argument;
	become_leader();
	local_modes(TOSTOP, 0);
	exits(tap_spawn(orphan_maker, NULL), 0, "the orphan's parent");
	await(to_parent);
	return 0;
}

TEST(orphans)
{
	pair_master();
	must(pipe(to_parent));
	exits(tap_spawn(orphans, NULL), 0, "the leader");
}

static int blocked(void *argument)
{
	sigset_t set;
	char b;

	(void)argument;
	must(setpgid(0, 0));
	sigemptyset(&set);
	sigaddset(&set, SIGTTIN);
	sigaddset(&set, SIGTTOU);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	fails(read(slave, &b, 1), EIO, "SIGTTIN blocked: EIO");
	works(tcflow(slave, TCOON), "SIGTTOU blocked: goes on");
	works(tcsetpgrp(slave, getpgrp()), "and takes the foreground");
	return 0;
}

static int background(void *argument)
{
	(void)argument;
	become_leader();
	exits(tap_spawn(blocked, NULL), 0, "the child");
	return 0;
}

TEST(blocked_signals)
{
	pair_master();
	exits(tap_spawn(background, NULL), 0, "the leader");
}

static int foreground_checks(void *argument)
{
	pid_t other;

	(void)argument;
	become_leader();
	fails(tcsetpgrp(slave, -1), EINVAL, "no negative group");
	fails(syscall(SYS_ioctl, slave, TIOCSPGRP, BAD), EFAULT, "TIOCSPGRP: bad pointer");
	fails(syscall(SYS_ioctl, slave, TIOCGPGRP, BAD), EFAULT, "TIOCGPGRP: bad pointer");
	fails(syscall(SYS_ioctl, slave, TIOCGSID, BAD), EFAULT, "TIOCGSID: bad pointer");
	other = getppid();
	fails(tcsetpgrp(slave, getpgid(other)), EPERM, "a group of another session");
	is(tcgetpgrp(master), getpgrp(), "the master knows the foreground");
	is(tcgetsid(master), getsid(0), "and the session");
	works(tcsetpgrp(master, getpgrp()), "and lets its own session set it");
	return 0;
}

TEST(foreground)
{
	pair_master();
	is(tcgetpgrp(master), 0, "without a session there is no foreground");
	exits(tap_spawn(foreground_checks, NULL), 0, "the leader");
}
