/*
 * What the processor says of itself, for /proc/cpuinfo and the auxiliary vector: CPUID, decoded,
 * with Linux' names of the feature bits that user programs look for.
 */
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/msr_int.h"
#include "arch/x86_64/time_int.h"
#include "lib/string.h"

#define HWCAP2_FSGSBASE BIT(1)

enum cpuid_reg { EAX, EBX, ECX, EDX };

/* One register of one leaf; the names of its bits from 0, NULL: not shown. */
struct flag_word {
	u32 leaf, sub;
	enum cpuid_reg reg;
	const char *names[32];
};

static const struct flag_word flag_words[] = {
	{ 1, 0, EDX, {
		"fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", NULL, "sep",
		"mtrr", "pge", "mca", "cmov", "pat", "pse36", "pn", "clflush", NULL, "dts", "acpi",
		"mmx", "fxsr", "sse", "sse2", "ss", "ht", "tm", "ia64", "pbe",
	} },
	{ 0x80000001, 0, EDX, {
		[11] = "syscall", [19] = "mp", "nx", [22] = "mmxext", [25] = "fxsr_opt", "pdpe1gb",
		"rdtscp", [29] = "lm", "3dnowext", "3dnow",
	} },
	{ 0x80000007, 0, EDX, {
		[8] = "constant_tsc",
	} },
	{ 1, 0, ECX, {
		"pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx", "smx", "est", "tm2",
		"ssse3", "cid", "sdbg", "fma", "cx16", "xtpr", "pdcm", NULL, "pcid", "dca",
		"sse4_1", "sse4_2", "x2apic", "movbe", "popcnt", "tsc_deadline_timer", "aes",
		"xsave", NULL, "avx", "f16c", "rdrand", "hypervisor",
	} },
	{ 0x80000001, 0, ECX, {
		"lahf_lm", "cmp_legacy", "svm", "extapic", "cr8_legacy", "abm", "sse4a",
		"misalignsse", "3dnowprefetch", "osvw", "ibs", "xop", "skinit", "wdt", [15] = "lwp",
		"fma4", "tce", [21] = "tbm", "topoext",
	} },
	{ 7, 0, EBX, {
		"fsgsbase", "tsc_adjust", [3] = "bmi1", "hle", "avx2", [7] = "smep", "bmi2", "erms",
		"invpcid", "rtm", [16] = "avx512f", "avx512dq", "rdseed", "adx", "smap",
		"avx512ifma", [23] = "clflushopt", "clwb", [26] = "avx512pf", "avx512er",
		"avx512cd", "sha_ni", "avx512bw", "avx512vl",
	} },
	{ 0xd, 1, EAX, {
		"xsaveopt", "xsavec", "xgetbv1",
	} },
	{ 0x80000008, 0, EBX, {
		"clzero", "irperf", "xsaveerptr", [9] = "wbnoinvd",
	} },
	{ 7, 0, ECX, {
		[1] = "avx512vbmi", "umip", [6] = "avx512_vbmi2", [8] = "gfni", "vaes",
		"vpclmulqdq", "avx512_vnni", "avx512_bitalg", [14] = "avx512_vpopcntdq",
		[22] = "rdpid",
	} },
	{ 7, 0, EDX, {
		[4] = "fsrm", [8] = "avx512_vp2intersect", [10] = "md_clear", [14] = "serialize",
	} },
};

static DEFINE_PERCPU(struct cpu_info, cpu_info_data);

/* A leaf, or zeros if the processor does not have it. */
static void leaf_read(u32 leaf, u32 sub, u32 out[4])
{
	u32 max = leaf & 0x80000000 ? cpu_features.max_ext_leaf : cpu_features.max_leaf;

	memset(out, 0, 4 * sizeof(u32));
	if (leaf <= max)
		cpuid(leaf, sub, &out[EAX], &out[EBX], &out[ECX], &out[EDX]);
}

static void list_flags(char *out, size_t size)
{
	out[0] = 0;
	for (size_t w = 0; w < ARRAY_SIZE(flag_words); w++) {
		const struct flag_word *word = &flag_words[w];
		u32 regs[4];

		leaf_read(word->leaf, word->sub, regs);
		for (unsigned i = 0; i < 32; i++) {
			if (!word->names[i] || !(regs[word->reg] >> i & 1))
				continue;
			if (out[0])
				strlcat(out, " ", size);
			strlcat(out, word->names[i], size);
		}
	}
}

static void read_model_name(char *out, size_t size)
{
	char raw[49] = "";
	const char *start = raw;

	for (u32 i = 0; i < 3; i++)
		leaf_read(0x80000002 + i, 0, (u32 *)(void *)(raw + 16 * i));
	while (*start == ' ')
		start++;
	strlcpy(out, *start ? start : "unknown", size);
}

void cpu_info_init(unsigned cpu)
{
	struct cpu_info *info = percpu_ptr(cpu_info_data, cpu);
	u32 regs[4], leaf[4];

	leaf_read(0, 0, regs);
	memcpy(info->vendor, &regs[EBX], 4);
	memcpy(info->vendor + 4, &regs[EDX], 4);
	memcpy(info->vendor + 8, &regs[ECX], 4);
	read_model_name(info->model_name, sizeof(info->model_name));

	leaf_read(1, 0, regs);
	info->family = regs[EAX] >> 8 & 0xf;
	info->model = regs[EAX] >> 4 & 0xf;
	if (info->family == 0xf || info->family == 6)
		info->model |= regs[EAX] >> 12 & 0xf0;
	if (info->family == 0xf)
		info->family += regs[EAX] >> 20 & 0xff;
	info->stepping = regs[EAX] & 0xf;
	info->apic_id = regs[EBX] >> 24;
	leaf_read(0xb, 0, leaf);
	if (leaf[EBX])
		info->apic_id = leaf[EDX];
	info->hwcap = regs[EDX];
	info->hwcap2 = cpu_features.fsgsbase ? HWCAP2_FSGSBASE : 0;
	list_flags(info->flags, sizeof(info->flags));
}

const struct cpu_info *cpu_info(unsigned cpu)
{
	struct cpu_info *info = percpu_ptr(cpu_info_data, cpu);

	info->tsc_khz = time_tsc_khz();
	return info;
}
