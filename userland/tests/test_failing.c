/*
 * System calls on memory, processes and what they wait for while memory runs out: see failing.h.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include "failing.h"

static int run_mmap(void)
{
	char *p = (char *)DO(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	p[0] = p[(1 << 20) - 1] = 1;
	return 0;
}

static int run_mmap_populate(void)
{
	char *p = (char *)DO(mmap(NULL, 1 << 18, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));

	p[0] = 1;
	return 0;
}

static int run_mmap_file(void)
{
	int fd = must(open("mapped", O_CREAT | O_TRUNC | O_RDWR, 0600));
	char *p;

	must(ftruncate(fd, 8192));
	p = (char *)DO(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	p[5000] = 'm';
	EXPECT(pread(fd, p, 1, 5000) == 1 && p[0] == 'm');
	return 0;
}

static char *two_pages(void)
{
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(98);
	memset(p, 1, 65536);
	return p;
}

static int run_mprotect(void)
{
	char *p = two_pages();

	DO(mprotect(p + 8192, 4096, PROT_READ));
	p[0] = p[16384] = 2;
	EXPECT(p[8192] == 1);
	return 0;
}

static int run_munmap(void)
{
	char *p = two_pages();

	DO(munmap(p + 8192, 4096));
	p[0] = p[16384] = 2;
	EXPECT(msync(p + 8192, 4096, MS_ASYNC) < 0 && errno == ENOMEM);
	return 0;
}

static int run_mremap(void)
{
	char *p = two_pages();

	p = (char *)DO(mremap(p, 65536, 1 << 20, MREMAP_MAYMOVE));
	EXPECT(p[65535] == 1 && p[65536] == 0);
	return 0;
}

static int run_touch(void)
{
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	arm();
	for (int i = 0; i < 65536; i += 4096)
		p[i] = 1;
	disarm();
	return 0;
}

static int run_copy_on_write(void)
{
	char *p = two_pages();
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	arm();
	for (int i = 0; i < 65536; i += 4096)
		p[i] = 2;
	disarm();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

static int run_mlock(void)
{
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	DO(mlock(p, 65536));
	return 0;
}

static int run_fork(void)
{
	char *p = two_pages();
	int status = -1;
	pid_t pid;

	arm();
	pid = (pid_t)syscall(SYS_fork);
	if (pid == 0)
		_exit(p[65535] == 1 ? 7 : 8);
	disarm();
	if (pid < 0)
		return errno;
	EXPECT(waitpid(pid, &status, 0) == pid);
	EXPECT((WIFEXITED(status) && WEXITSTATUS(status) == 7) || WIFSIGNALED(status));
	return 0;
}

/* The plan is the thread's own, so it outlives exec: the new program says how far it came. */
HELPER(fail_exec)
{
	char text[64] = "";
	int fd, n = 0, all = 0;

	if (argc != 2)
		return 8;
	/* This may be what fails, but only once. */
	for (int tries = 0; tries < 2; tries++) {
		fd = open(FAIL, O_RDONLY);
		if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
			break;
	}
	sscanf(text, "alloc %d seen %d", &n, &all);
	return all < n ? 7 : 6;
}

static int run_exec(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		arm();
		execl(tap_self, tap_self, "--as", "fail_exec", "one", "two", NULL);
		_exit(errno == ENOMEM ? 9 : errno);
	}
	EXPECT(waitpid(pid, &status, 0) == pid);
	says_itself = true;
	untouched = WIFEXITED(status) && WEXITSTATUS(status) == 7;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 9)
		return ENOMEM;
	if (WIFEXITED(status) && WEXITSTATUS(status) != 7 && WEXITSTATUS(status) != 6)
		diag("exec: status %d", WEXITSTATUS(status));
	/* What fails behind the point of no return kills. */
	EXPECT((WIFEXITED(status) && (WEXITSTATUS(status) == 7 || WEXITSTATUS(status) == 6)) ||
	       WIFSIGNALED(status));
	return 0;
}

static void *thread_body(void *argument)
{
	return argument;
}

static int run_thread(void)
{
	pthread_t thread;
	void *result = NULL;

	errno = (int)TRY(pthread_create(&thread, NULL, thread_body, (void *)7));
	if (errno)
		return errno == EAGAIN ? ENOMEM : errno;
	EXPECT(!pthread_join(thread, &result) && result == (void *)7);
	return 0;
}

static int run_epoll(void)
{
	struct epoll_event event = {.events = EPOLLOUT, .data.u32 = 5};
	int fd[2], ep;

	must(pipe(fd));
	arm();
	ep = epoll_create1(0);
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd[1], &event) < 0 ||
	    epoll_wait(ep, &event, 1, 1000) < 0) {
		disarm();
		return errno;
	}
	disarm();
	EXPECT(event.data.u32 == 5);
	return 0;
}

static int run_eventfd(void)
{
	DO(eventfd(0, 0));
	return 0;
}

static int run_timerfd(void)
{
	struct itimerspec when = {.it_value.tv_nsec = 1000000};
	uint64_t n = 0;
	int fd = (int)DO(timerfd_create(CLOCK_MONOTONIC, 0));

	EXPECT(!timerfd_settime(fd, 0, &when, NULL) && read(fd, &n, 8) == 8 && n >= 1);
	return 0;
}

static int run_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	DO(signalfd(-1, &set, 0));
	return 0;
}

static int run_poll(void)
{
	struct pollfd p[200];

	for (int i = 0; i < 200; i++)
		p[i] = (struct pollfd){.fd = 1, .events = POLLOUT};
	EXPECT(DO(poll(p, 200, 0)) == 200);
	return 0;
}

static int run_select(void)
{
	struct timeval now = {0};
	fd_set set;
	int fd[2];

	must(pipe(fd));
	FD_ZERO(&set);
	FD_SET(fd[1], &set);
	EXPECT(DO(select(fd[1] + 1, NULL, &set, NULL, &now)) == 1);
	return 0;
}

static int run_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	timer_t timer;

	errno = 0;
	DO(timer_create(CLOCK_MONOTONIC, &event, &timer));
	EXPECT(!timer_delete(timer));
	return 0;
}

static int run_sigqueue(void)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	DO(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 3}));
	EXPECT(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_value.sival_int == 3);
	return 0;
}

/* A signal sent by kill(2) arrives even if there is no memory for what belongs to it. */
static int run_kill(void)
{
	sigset_t set, pending;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	DO(kill(getpid(), SIGUSR1));
	sigpending(&pending);
	EXPECT(sigismember(&pending, SIGUSR1));
	return 0;
}

static int run_futex(void)
{
	static int word = 5;
	struct timespec soon = {.tv_nsec = 1000000};

	if (TRY(syscall(SYS_futex, &word, 0, 5, &soon, NULL, 0)) < 0 && errno != ETIMEDOUT)
		return errno;
	return 0;
}

static int run_ptmx(void)
{
	DO(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	return 0;
}

static int run_setgroups(void)
{
	gid_t groups[3] = {5, 6, 7}, got[8];

	DO(syscall(SYS_setgroups, 3, groups));
	EXPECT(getgroups(8, got) == 3 && got[2] == 7);
	return 0;
}

static int run_setuid(void)
{
	DO(syscall(SYS_setuid, 1000));
	EXPECT(getuid() == 1000 && geteuid() == 1000);
	return 0;
}

static int run_pidfd(void)
{
	DO(syscall(SYS_pidfd_open, getpid(), 0));
	return 0;
}

static int run_sched(void)
{
	cpu_set_t set;

	DO(sched_getaffinity(0, sizeof(set), &set));
	EXPECT(!sched_setaffinity(0, sizeof(set), &set));
	return 0;
}

/* Who is a member of a group, hears the link addresses that its packets go to. */
static int run_group(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	struct ipv6_mreq group = {.ipv6mr_interface = if_nametoindex("lo")};
	int fd = must(socket(AF_INET6, SOCK_DGRAM, 0));

	must(ioctl(fd, SIOCSIFFLAGS, &lo));
	inet_pton(AF_INET6, "ff02::a1:b2c3", &group.ipv6mr_multiaddr);
	DO(setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof(group)));
	EXPECT(strstr(tap_read("/proc/net/dev_mcast"), "333300a1b2c3"));
	return 0;
}

static int run_ring(void)
{
	struct tpacket_req ring = {.tp_block_size = 4096, .tp_block_nr = 2,
				   .tp_frame_size = 2048, .tp_frame_nr = 4};
	int fd = must(socket(AF_PACKET, SOCK_RAW, 0));

	DO(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &ring, sizeof(ring)));
	EXPECT(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
	return 0;
}

static const struct scenario scenarios[] = {
	{"mmap", run_mmap}, {"mmap, populated", run_mmap_populate}, {"IPv6 group", run_group},
	{"ring of packets", run_ring},
	{"mmap of a file", run_mmap_file}, {"mprotect", run_mprotect}, {"munmap", run_munmap},
	{"mremap", run_mremap}, {"page fault", run_touch}, {"copy on write", run_copy_on_write},
	{"mlock", run_mlock}, {"fork", run_fork}, {"exec", run_exec}, {"thread", run_thread},
	{"epoll", run_epoll}, {"eventfd", run_eventfd}, {"timerfd", run_timerfd},
	{"signalfd", run_signalfd}, {"poll", run_poll}, {"select", run_select},
	{"timer_create", run_timer}, {"sigqueue", run_sigqueue}, {"kill", run_kill},
	{"futex", run_futex}, {"open of a terminal", run_ptmx}, {"setgroups", run_setgroups},
	{"setuid", run_setuid}, {"pidfd_open", run_pidfd}, {"affinity", run_sched},
};

TEST(memory)
{
	run_memory_scenarios(scenarios, sizeof(scenarios) / sizeof(*scenarios));
}
