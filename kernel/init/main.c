/*
 * The order in which the kernel comes up, as two lists of calls: kernel_main() on the boot stack
 * with interrupts off, until there are threads; then boot_thread(), which may sleep, finds the
 * devices and the root file system and starts the first process. The boot context becomes CPU 0's
 * idle thread.
 */
#include "arch/boot.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "core/clock.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/random.h"
#include "core/stackguard.h"
#include "dev/blk.h"
#include "dev/drivers.h"
#include "dev/packet.h"
#include "dev/netif.h"
#include "dev/pci.h"
#include "fs/devfs/devfs.h"
#include "fs/ext/ext.h"
#include "fs/fat/fat.h"
#include "fs/sysfs/sysfs.h"
#include "fs/tmpfs/tmpfs.h"
#include "ipc/epoll.h"
#include "ipc/futex.h"
#include "ipc/mqueue.h"
#include "init/initramfs.h"
#include "init/smp.h"
#include "ipc/pipe.h"
#include "loop/loop.h"
#include "mm/frames.h"
#include "mm/slab.h"
#include "net/inet/inet.h"
#include "net/ifctl/ifctl.h"
#include "net/netlink/netlink.h"
#include "net/packet/packet_sock.h"
#include "net/sock.h"
#include "net/unix/unix.h"
#include "proc/binfmt.h"
#include "proc/process.h"
#include "proc/procfs/procfs.h"
#include "sched/errno_trace.h"
#include "sched/rcu.h"
#include "sched/soft.h"
#include "sched/thread.h"
#include "sched/work.h"
#include "test/ktest.h"
#include "tty/tty.h"
#include "vfs/path.h"
#include "vm/aspace.h"

_Noreturn void kernel_main(void);

/* loglevel=n, or quiet: errors only (as on Linux, levels below the number are shown). */
static void log_level_init(void)
{
	if (cmdline_has("quiet"))
		log_console_level_set(LOG_WARNING);
	log_console_level_set((int)cmdline_u64("loglevel", (u64)log_console_level()));
	log_levels.console_boot = log_console_level();
}

/* FPU states of threads are slab objects; the machine's room stands below the slab's. */
static struct slab_cache *fpu_cache;

static void *fpu_state_alloc(void)
{
	return slab_alloc(fpu_cache, MM_KERNEL);
}

static void fpu_state_free(void *state)
{
	slab_free(fpu_cache, state);
}

static void fpu_cache_init(void)
{
	fpu_cache = slab_cache_create("fpu_state", fpu_state_size(), 64);
	if (!fpu_cache)
		panic("init: no memory");
	fpu_set_allocator(fpu_state_alloc, fpu_state_free);
}

static void boot_thread(void *arg)
{
	static char first[256]; /* the program of an initramfs */

	smp_start();
	rcu_init();
	work_init_threads();
	soft_init();
	watchdog_init();
	errno_trace_init();
	vm_init();

	packet_init();
	pci_init();
	blk_init();
	netif_init();
	acpi_register();
	serial_register();
	display_register();
	ps2_register();
	ahci_register();
	e1000_register();
	virtio_rng_register();

	vfs_init();
	pipe_init();
	epoll_init();
	futex_init();
	mqueue_init();
	tmpfs_init();
	devfs_init();
	sysfs_init();
	fs_ext_init();
	fs_fat_init();
	sock_init();
	inet_init();
	ifctl_init();
	packet_sock_init();
	netlink_init();
	unix_init();
	proc_init();
	procfs_init();
	binfmt_init();
	tty_init();
	loop_init();
	ktest_start();

	if (!initramfs_load(first, sizeof(first))) {
		*first = 0;
		if (vfs_mount_root())
			panic("cannot mount the root file system: "
			      "root= names no file system that the kernel can read");
	}
	proc_start_init(first);
}

no_stack_guard void kernel_main(void)
{
	arch_init_early();
	random_init();
	stack_guard_init();
	log_level_init();

	mm_init();
	fpu_cache_init();
	arch_init_late();
	clock_init();
	serial_console_init();

	sched_init();
	irq_enable();
	if (kthread_start("boot", boot_thread, NULL))
		panic("init: no memory for the boot thread");
	sched_idle_loop();
}
