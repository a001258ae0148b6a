/* Features of the processors and their set-up, private to arch. */
#pragma once

#include "lib/types.h"

/* What the boot CPU has and the kernel uses; the same on all CPUs. Constant after cpu_features_init(). */
struct cpu_features {
	bool smap, smep, umip, fsgsbase, gbpages, xsave, xsaveopt, xsavec, x2apic, tsc_deadline, tsc_invariant,
	     rdrand, rdseed, hypervisor;
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

/* Whether a panic on another CPU asked this one to stop (in its NMI). */
bool cpu_stop_requested(void);

/* Turns the three-byte no-operations of SMAP_OPEN and SMAP_CLOSE into STAC and CLAC; text is still writable. */
void smap_patch(void);
