/* What the CPU says of its speculation. Nothing is done about it. */
#include "arch/cpu.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/msr_int.h"
#include "lib/string.h"

#define CPUID_7_ARCH_CAPABILITIES BIT(29)       /* %edx */
#define ARCH_CAPABILITIES_SSB_NO  BIT(4)
#define CPUID_80000008_SSB_NO     BIT(26)       /* %ebx */
#define AMD_FAMILY_BYPASSES       0x15          /* and later ones */

static bool amd_bypasses(void)
{
	u32 a, b, c, d, family;

	cpuid(1, 0, &a, &b, &c, &d);
	family = a >> 8 & 0xf;
	if (family == 0xf)
		family += a >> 20 & 0xff;
	if (family < AMD_FAMILY_BYPASSES)
		return false;
	if (cpu_features.max_ext_leaf < 0x80000008)
		return true;
	cpuid(0x80000008, 0, &a, &b, &c, &d);
	return !(b & CPUID_80000008_SSB_NO);
}

bool cpu_bypasses_stores(void)
{
	u32 a, b, c, d, vendor[3];

	cpuid(0, 0, &a, &vendor[0], &vendor[2], &vendor[1]);
	if (!memcmp(vendor, "AuthenticAMD", sizeof(vendor)))
		return amd_bypasses();
	if (cpu_features.max_leaf < 7)
		return true;
	cpuid(7, 0, &a, &b, &c, &d);
	return !(d & CPUID_7_ARCH_CAPABILITIES) ||
	       !(msr_read(MSR_ARCH_CAPABILITIES) & ARCH_CAPABILITIES_SSB_NO);
}
