/* Features of the processors and their set-up, private to arch. */
#pragma once

#include "lib/types.h"

/*
 * What the boot CPU has and the kernel uses; the same on all CPUs. Constant after
 * cpu_features_init().
 */
struct cpu_features {
	bool smap, smep, umip, fsgsbase, gbpages, xsave, xsaveopt, xsavec, x2apic, tsc_deadline,
		tsc_invariant,
	     rdrand, rdseed, hypervisor;
	bool translated; /* no processor but a translator: QEMU's TCG */
	unsigned phys_bits;
	u32 max_leaf, max_ext_leaf;
};
extern struct cpu_features cpu_features;

/* Reads CPUID; once, on the boot CPU. */
void cpu_features_init(void);
/* Sets the control registers and MSRs of this CPU; each CPU, before user code. */
void cpu_setup(void);
/* Fills cpu_info(cpu) for this CPU. */
void cpu_info_init(unsigned cpu);

struct regs;
/* A non-maskable interrupt: stops for good if another CPU panics, or tells it what runs here. */
void cpu_nmi(const struct regs *regs);

/* Fits the kernel's text to the boot CPU's features (patch.c), while it is still writable. */
void patch_text(void);
