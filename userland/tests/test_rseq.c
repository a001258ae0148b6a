/* Restartable sequences: rseq(2), and membarrier(2)'s commands for them. */
#include "tap.h"
#include <linux/membarrier.h>
#include <linux/rseq.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>

#define SIGNATURE 0x53053053

#ifndef MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ (1 << 7)
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ (1 << 8)
#define MEMBARRIER_CMD_FLAG_CPU 1
#endif

static __thread struct rseq area __attribute__((aligned(32)));

static long rseq(void *at, uint32_t len, int flags, uint32_t signature)
{
	return syscall(SYS_rseq, at, len, flags, signature);
}

static void enrol(void)
{
	area.cpu_id = (uint32_t)RSEQ_CPU_ID_UNINITIALIZED;
	must(rseq(&area, 32, 0, SIGNATURE));
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set));
}

/* A section from 1 to 2, with its descriptor at 3 and its way out at 4. */
#define SECTION_BEGIN                                                                              \
	".pushsection __rseq_cs, \"aw\"\n"                                                         \
	".balign 32\n"                                                                             \
	"3: .long 0, 0\n"                                                                          \
	".quad 1f, 2f - 1f, 4f\n"                                                                  \
	".popsection\n"                                                                            \
	"leaq 3b(%%rip), %%rax\n"                                                                  \
	"movq %%rax, %[cs]\n"                                                                      \
	"1:\n"
#define SECTION_END                                                                                \
	"2:\n"                                                                                     \
	".pushsection .text.abort, \"ax\"\n"                                                       \
	".byte 0x0f, 0xb9, 0x3d\n"                                                                 \
	".long 0x53053053\n"                                                                       \
	"4: jmp %l[aborted]\n"                                                                     \
	".popsection\n"

static volatile int entered;

/* Stays in a section for ever; comes back when it is aborted. */
static void linger(void)
{
	__asm__ goto(SECTION_BEGIN
		     "6: movl $1, %[entered]\n"
		     "jmp 6b\n" SECTION_END
		     :
		     : [cs] "m"(area.rseq_cs), [entered] "m"(entered)
		     : "rax", "memory"
		     : aborted);
aborted:
	return;
}

static volatile uintptr_t handler_rip;
static volatile int handled;

static void on_signal(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	handler_rip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
	handled = signal;
}

static void catch(int signal)
{
	struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};

	must(sigaction(signal, &act, NULL));
}

TEST(registration)
{
	static struct {
		_Alignas(32) struct rseq first;
		_Alignas(32) struct rseq second;
	} two;
	struct rseq *r = &two.first;

	fails(rseq(r, 31, 0, SIGNATURE), EINVAL, "too short");
	fails(rseq(r, 16, 0, SIGNATURE), EINVAL, "much too short");
	fails(rseq((char *)r + 4, 32, 0, SIGNATURE), EINVAL, "not aligned");
	fails(rseq(r, 32, 2, SIGNATURE), EINVAL, "unknown flags");
	fails(rseq((void *)0xffff800000000000, 32, 0, SIGNATURE), EFAULT, "the kernel's");
	fails(rseq(r, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL, "there is none to give up");
	works(rseq(r, 32, 0, SIGNATURE), "register");
	is(r->cpu_id_start, sched_getcpu(), "where it is");
	is(r->cpu_id, sched_getcpu(), "once more");
	fails(rseq(r, 32, 0, SIGNATURE), EBUSY, "again");
	fails(rseq(r, 32, 0, 1), EPERM, "again, with another signature");
	fails(rseq(&two.second, 32, 0, SIGNATURE), EINVAL, "another one");
	fails(rseq(&two.second, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL, "give up another");
	fails(rseq(r, 32, RSEQ_FLAG_UNREGISTER, 1), EPERM, "with a wrong signature");
	fails(rseq(r, 32, RSEQ_FLAG_UNREGISTER | 4, SIGNATURE), EINVAL, "with more flags");
	works(rseq(r, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE), "give up");
	is((int)r->cpu_id, RSEQ_CPU_ID_UNINITIALIZED, "that can be seen");
	is(r->cpu_id_start, 0, "both ways");
	works(rseq(&two.second, 32, 0, 1), "then another can be had");
}

static void *look_at_own(void *argument)
{
	(void)argument;
	return (void *)(long)(rseq(&area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE) < 0 &&
			      errno == EINVAL);
}

TEST(inheritance)
{
	pthread_t t;
	void *none;
	pid_t pid;

	enrol();
	pid = fork();
	if (pid == 0)
		_exit(rseq(&area, 32, 0, SIGNATURE) == 0 || errno != EBUSY ||
		      area.cpu_id != (uint32_t)sched_getcpu());
	exits(pid, 0, "a child has its parent's");
	must(pthread_create(&t, NULL, look_at_own, NULL));
	must(pthread_join(t, &none));
	ok(none != NULL, "a thread has none");
}

TEST(migration)
{
	int n = (int)sysconf(_SC_NPROCESSORS_ONLN), wrong = 0;

	enrol();
	for (int i = 0; i < 50; i++) {
		stay_on(i % n);
		wrong += area.cpu_id != (uint32_t)(i % n) || area.cpu_id_start != area.cpu_id;
	}
	is(wrong, 0, "the number follows");
}

TEST(numbers)
{
	const uint32_t *ids = (const uint32_t *)&area + 5; /* node_id, mm_cid: newer than headers */

	if (getauxval(27) < 28)
		return skip("mm_cid", "this kernel does not say that it has it");
	enrol();
	is(ids[0], 0, "the node");
	ok(ids[1] < (uint32_t)sysconf(_SC_NPROCESSORS_ONLN), "the number among running threads");
}

TEST(signal_in_section)
{
	pid_t me = getpid(), pid;

	enrol();
	catch(SIGUSR1);
	pid = fork();
	if (pid == 0) {
		tap_sleep_ms(30);
		for (int i = 0; i < 50; i++) {
			kill(me, SIGUSR1);
			tap_sleep_ms(10);
		}
		_exit(0);
	}
	linger();
	ok(entered, "a section that does not end by itself");
	is(area.rseq_cs, 0, "is no longer named");
	while (!handled)
		;
	exits(pid, 0, "the sender");
}

static volatile int stop;

static void *compute(void *argument)
{
	(void)argument;
	stay_on(0);
	while (!stop)
		;
	return NULL;
}

TEST(preemption)
{
	pthread_t t;
	int i;

	enrol();
	stay_on(0);
	must(pthread_create(&t, NULL, compute, NULL));
	for (i = 0; i < 5; i++)
		linger();
	stop = 1;
	must(pthread_join(t, NULL));
	is(i, 5, "another thread's turn ends a section");
}

static void *lingerer(void *argument)
{
	enrol();
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		stay_on(1);
	linger();
	return argument;
}

TEST(barrier)
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
	int command = MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ;
	pthread_t t;

	ok(commands & command, "membarrier knows of sections");
	fails(syscall(SYS_membarrier, command, 0, 0), EPERM, "not registered");
	works(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0),
	      "register");
	fails(syscall(SYS_membarrier, command, 2, 0), EINVAL, "unknown flags");
	fails(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, MEMBARRIER_CMD_FLAG_CPU, 0), EINVAL,
	      "one CPU, of another command");
	works(syscall(SYS_membarrier, command, MEMBARRIER_CMD_FLAG_CPU, 4000), "no such CPU");
	stay_on(0);
	entered = 0;
	must(pthread_create(&t, NULL, lingerer, NULL));
	while (!entered)
		sched_yield();
	works(syscall(SYS_membarrier, command, MEMBARRIER_CMD_FLAG_CPU, 1), "on its CPU");
	must(pthread_join(t, NULL));
	entered = 0;
	must(pthread_create(&t, NULL, lingerer, NULL));
	while (!entered)
		sched_yield();
	works(syscall(SYS_membarrier, command, 0, 0), "on all");
	is(pthread_join(t, NULL), 0, "what it was in has ended");
}

/* Descriptors that no program may mean. Each in a child that gets a signal. */
static struct rseq_cs cs __attribute__((aligned(32)));
static uint32_t code[16];

static void plain(void)
{
	code[7] = SIGNATURE;
	cs = (struct rseq_cs){.start_ip = 0x1000, .post_commit_offset = 16,
			      .abort_ip = (uintptr_t)&code[8]};
}

static int with_descriptor(void *argument)
{
	enrol();
	catch(SIGUSR1);
	area.rseq_cs = (uintptr_t)argument;
	raise(SIGUSR1);
	return handled == SIGUSR1 ? 0 : 1;
}

TEST(descriptors)
{
	plain();
	exits(tap_spawn(with_descriptor, &cs), 0, "a good one, elsewhere");
	exits(tap_spawn(with_descriptor, NULL), 0, "none");
	dies(tap_spawn(with_descriptor, BAD), SIGSEGV, "nowhere");
	dies(tap_spawn(with_descriptor, KBAD), SIGSEGV, "in the kernel");
	code[7] = SIGNATURE + 1;
	dies(tap_spawn(with_descriptor, &cs), SIGSEGV, "without the signature");
	plain();
	cs.version = 1;
	dies(tap_spawn(with_descriptor, &cs), SIGSEGV, "of another version");
	plain();
	cs.abort_ip = cs.start_ip + 8;
	dies(tap_spawn(with_descriptor, &cs), SIGSEGV, "that contains its way out");
	plain();
	cs.abort_ip = 0xffffffff81000000;
	dies(tap_spawn(with_descriptor, &cs), SIGSEGV, "that leads into the kernel");
	plain();
	cs.abort_ip = 2;
	dies(tap_spawn(with_descriptor, &cs), SIGSEGV, "that leads nowhere");
	plain();
	cs.post_commit_offset = ~0ull - 0x800;
	dies(tap_spawn(with_descriptor, &cs), SIGSEGV, "that goes round the end");
	plain();
	cs.start_ip = 0xffffffff81000000;
	dies(tap_spawn(with_descriptor, &cs), SIGSEGV, "that lies in the kernel");
}

/* The handler's own code lies in the section. */
static int within(void *argument)
{
	enrol();
	catch(SIGUSR1);
	plain();
	cs.start_ip = 0x1000;
	cs.post_commit_offset = (uintptr_t)&code - 0x1000; /* all of the program's text */
	cs.flags = (uint32_t)(uintptr_t)argument;
	area.flags = (uint32_t)((uintptr_t)argument >> 32);
	area.rseq_cs = (uintptr_t)&cs;
	raise(SIGUSR1);
	return 0;
}

TEST(flags)
{
	dies(tap_spawn(within, (void *)1), SIGSEGV, "flags of a section");
	dies(tap_spawn(within, (void *)(1ul << 32)), SIGSEGV, "flags of a thread");
}

static int unmapped(void *argument)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(rseq(page, 32, 0, SIGNATURE));
	must(munmap(page, 4096));
	tap_sleep_ms(20);
	sched_yield();
	return argument != NULL;
}

TEST(structure_gone)
{
	dies(tap_spawn(unmapped, NULL), SIGSEGV, "the structure is unmapped");
}

static struct {
	_Alignas(64) volatile long count;
} counters[64];

static void count_here(void)
{
	for (;;) {
		uint64_t cpu = *(volatile uint32_t *)&area.cpu_id_start;
		volatile long *counter = &counters[cpu].count;

		__asm__ goto(SECTION_BEGIN
			     "cmpl %k[cpu], %[id]\n"
			     "jnz %l[aborted]\n"
			     "movq (%[counter]), %%rax\n"
			     "addq $1, %%rax\n"
			     "movq %%rax, (%[counter])\n" SECTION_END
			     :
			     : [cs] "m"(area.rseq_cs), [id] "m"(area.cpu_id), [cpu] "r"(cpu),
			       [counter] "r"(counter)
			     : "rax", "memory", "cc"
			     : aborted);
		return;
aborted:
		continue;
	}
}

enum { ROUNDS = 200000 };

static void *count_often(void *argument)
{
	enrol();
	for (int i = 0; i < ROUNDS; i++)
		count_here();
	return argument;
}

TEST(counters)
{
	enum { THREADS = 6 };
	pthread_t t[THREADS];
	long sum = 0;

	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&t[i], NULL, count_often, NULL));
	for (int i = 0; i < THREADS; i++)
		must(pthread_join(t[i], NULL));
	for (int i = 0; i < 64; i++)
		sum += counters[i].count;
	is(sum, (long)THREADS * ROUNDS, "no addition is lost, without a lock");
}
