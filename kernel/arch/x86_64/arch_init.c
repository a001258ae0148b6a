/* The order in which CPU 0 is brought up; each step's file says what it does. */
#include "arch/boot.h"
#include "arch/cpu.h"
#include "arch/x86_64/boot_int.h"
#include "arch/x86_64/console_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/fpu_int.h"
#include "arch/x86_64/irq_int.h"
#include "arch/x86_64/mmu_int.h"
#include "arch/x86_64/percpu_int.h"
#include "arch/x86_64/smp_int.h"
#include "arch/x86_64/tables_int.h"
#include "arch/x86_64/time_int.h"
#include "core/log.h"

void arch_init_early(void)
{
	cpu_features_init();
	boot_info_init();
	early_console_init();
	percpu_create(0, phys_to_virt(boot_alloc(percpu_size(), PAGE_SIZE)));
	percpu_activate(0);
	percpu_online(0);
	tables_create(0, phys_to_virt(boot_alloc(IST_STACKS_SIZE, IST_STACK_SIZE)));
	tables_load();
	tables_set_kernel_stack((u64)boot_stack_top);
	patch_text();
	cpu_setup();
	mmu_boot_init();
	fpu_setup_cpu();
	cpu_info_init(0);
	log_info("boot: loaded by %s, %llu MiB of memory", boot_info.loader,
		 (unsigned long long)(boot_info.ram_bytes >> 20));
	log_info("boot: command line: %s", boot_info.cmdline);
}

void arch_init_late(void)
{
	irq_init();
	smp_init();
	time_init();
}
