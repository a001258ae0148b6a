/*
 * What the processor can do (CPUID; Intel SDM volume 2, AMD64 volume 3 appendix E), and the control
 * registers set accordingly on each CPU.
 */
#include "arch/cpu.h"
#include "arch/x86_64/asm_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/entry_int.h"
#include "arch/x86_64/msr_int.h"
#include "lib/string.h"

/*
 * WB, WC, UC-, UC and the same again: entry 1 (PWT) is write combining, 3 (PCD and PWT) strongly
 * uncached.
 */
#define PAT_LAYOUT 0x0007010600070106ull

struct cpu_features cpu_features;

static bool bit(u32 word, unsigned n)
{
	return word >> n & 1;
}

/* QEMU's translator gives its name in the leaves reserved for hypervisors. */
static bool is_translator(void)
{
	u32 a, name[3];

	cpuid(0x40000000, 0, &a, &name[0], &name[1], &name[2]);
	return !memcmp(name, "TCGTCGTCGTCG", sizeof(name));
}

void cpu_features_init(void)
{
	struct cpu_features *f = &cpu_features;
	u32 a, b, c, d;

	cpuid(0, 0, &f->max_leaf, &b, &c, &d);
	cpuid(0x80000000, 0, &f->max_ext_leaf, &b, &c, &d);

	cpuid(1, 0, &a, &b, &c, &d);
	f->x2apic = bit(c, 21);
	f->tsc_deadline = bit(c, 24);
	f->xsave = bit(c, 26);
	f->rdrand = bit(c, 30);
	f->hypervisor = bit(c, 31);
	if (f->max_leaf >= 7) {
		cpuid(7, 0, &a, &b, &c, &d);
		f->fsgsbase = bit(b, 0);
		f->smep = bit(b, 7);
		f->rdseed = bit(b, 18);
		f->smap = bit(b, 20);
		f->umip = bit(c, 2);
	}
	if (f->max_leaf >= 0xd && f->xsave) {
		cpuid(0xd, 1, &a, &b, &c, &d);
		f->xsaveopt = bit(a, 0);
		f->xsavec = bit(a, 1);
	}
	f->translated = f->hypervisor && is_translator();
	cpuid(0x80000001, 0, &a, &b, &c, &d);
	f->gbpages = bit(d, 26);
	if (f->max_ext_leaf >= 0x80000007) {
		cpuid(0x80000007, 0, &a, &b, &c, &d);
		f->tsc_invariant = bit(d, 8);
	}
	f->phys_bits = 36;
	if (f->max_ext_leaf >= 0x80000008) {
		cpuid(0x80000008, 0, &a, &b, &c, &d);
		f->phys_bits = a & 0xff;
	}
}

void cpu_setup(void)
{
	const struct cpu_features *f = &cpu_features;
	u64 cr4 = CR4_PAE | CR4_PGE | CR4_DE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	cr0_write((cr0_read() | CR0_MP | CR0_NE | CR0_WP | CR0_AM) & ~(CR0_EM | CR0_TS));
	cr4 |= (f->umip ? CR4_UMIP : 0) | (f->fsgsbase ? CR4_FSGSBASE : 0) |
		(f->xsave ? CR4_OSXSAVE : 0) |
	       (f->smep ? CR4_SMEP : 0) | (f->smap ? CR4_SMAP : 0);
	cr4_write(cr4);
	msr_write(MSR_PAT, PAT_LAYOUT);

	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE);
	msr_write(MSR_STAR, (u64)SEL_USER_BASE << 48 | (u64)SEL_KERNEL_CODE << 32);
	msr_write(MSR_LSTAR, (u64)syscall_entry);
	msr_write(MSR_CSTAR, (u64)syscall_entry_compat);
	msr_write(MSR_SYSCALL_MASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT |
		  RFLAGS_RF | RFLAGS_AC);
	/* SYSENTER with a null code segment raises #GP. */
	msr_write(MSR_SYSENTER_CS, 0);
}

bool cpu_random(u64 *out)
{
	bool ok = false;

	for (unsigned i = 0; i < 10 && !ok; i++) {
		if (cpu_features.rdseed)
			__asm__ volatile("rdseed %0" : "=r"(*out), "=@ccc"(ok));
		if (!ok && cpu_features.rdrand)
			__asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
	}
	return ok;
}
