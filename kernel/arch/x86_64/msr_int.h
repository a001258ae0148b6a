/* Model-specific and control registers (Intel SDM volume 3, 2.5; volume 4). */
#pragma once

#include "lib/types.h"

#define MSR_APIC_BASE      0x1b
#define MSR_ARCH_CAPABILITIES 0x10a
#define MSR_PAT            0x277
#define MSR_DEBUGCTL       0x1d9
#define MSR_TSC_DEADLINE   0x6e0
#define MSR_X2APIC         0x800 /* + register number */
#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_CSTAR          0xc0000083
#define MSR_SYSCALL_MASK   0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_SYSENTER_CS    0x174
#define MSR_MCG_CAP        0x179
#define MSR_MCG_STATUS     0x17a
#define MSR_MC0_STATUS     0x401 /* + 4 * bank */
#define MSR_MC0_ADDR       0x402

#define EFER_SCE BIT(0)

#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)

#define CR4_TSD        BIT(2)
#define CR4_DE         BIT(3)
#define CR4_PAE        BIT(5)
#define CR4_MCE        BIT(6)
#define CR4_PGE        BIT(7)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP       BIT(11)
#define CR4_FSGSBASE   BIT(16)
#define CR4_OSXSAVE    BIT(18)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)

static inline u64 msr_read(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void msr_write(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" :: "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

#define CR_ACCESS(n) \
static inline u64 cr##n##_read(void) \
{ \
	u64 v; \
	__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v) :: "memory"); \
	return v; \
} \
static inline void cr##n##_write(u64 v) \
{ \
	__asm__ volatile("mov %0, %%cr" #n :: "r"(v) : "memory"); \
}
CR_ACCESS(0)
CR_ACCESS(2)
CR_ACCESS(3)
CR_ACCESS(4)
#undef CR_ACCESS

static inline void cpuid(u32 leaf, u32 sub, u32 *a, u32 *b, u32 *c, u32 *d)
{
	__asm__ volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "0"(leaf), "2"(sub));
}
