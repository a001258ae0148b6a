/*
 * Makes calls of the no-operations where errors begin, and the other way. The other processors run
 * meanwhile, and this one takes interrupts, so all places go three ways together (Intel SDM
 * volume 3, 9.1.3): a breakpoint over the first byte, then the rest, then the first byte, and after
 * each of these all processors are told. Who comes by in between meets the breakpoint and passes
 * over the whole instruction, which is what the no-operation does.
 *
 * Text is read-only; it is written with CR0.WP off and interrupts off.
 */
#include "arch/errno_sites.h"

#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/x86_64/errno_sites_int.h"
#include "arch/x86_64/msr_int.h"

#define LENGTH     5  /* bytes of the instruction */
#define AT_ONCE    64 /* so many places are written before interrupts come again */
#define BREAKPOINT 0xcc
#define CALL       0xe8

enum part { PART_BREAKPOINT, PART_REST, PART_FIRST };

/* As the macros of abi/errno.h lay it down. */
struct errno_site {
	s32 where;  /* offset from this field */
	s32 file;   /* offset from this field */
	u32 what;   /* line << 12 | number */
};

extern const struct errno_site errno_sites_start[], errno_sites_end[];
extern u8 errno_leave_site[]; /* the one in syscall_entry.S */
void errno_note(void);
void errno_leave(void);

static u8 *site_code(const struct errno_site *s)
{
	return (u8 *)&s->where + s->where;
}

/* Writes one of the three parts of a place. */
static void write_part(u8 *code, void (*target)(void), enum part part, bool on)
{
	u32 distance = (u32)((u64)target - (u64)(code + LENGTH));
	const u8 off[LENGTH] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	const u8 call[LENGTH] = { CALL, (u8)distance, (u8)(distance >> 8), (u8)(distance >> 16),
				  (u8)(distance >> 24) };
	const u8 *new = on ? call : off;

	switch (part) {
	case PART_BREAKPOINT:
		WRITE_ONCE(code[0], BREAKPOINT);
		break;
	case PART_REST:
		for (unsigned i = 1; i < LENGTH; i++)
			WRITE_ONCE(code[i], new[i]);
		break;
	case PART_FIRST:
		WRITE_ONCE(code[0], new[0]);
		break;
	}
}

/* The same to the places [s, end), and to the one in the entry code if there are none. */
static void write_some(const struct errno_site *s, const struct errno_site *end, enum part part,
		       bool on)
{
	u64 flags = irq_save(), cr0 = cr0_read();

	cr0_write(cr0 & ~CR0_WP);
	if (s == end)
		write_part(errno_leave_site, errno_leave, part, on);
	for (; s < end; s++)
		write_part(site_code(s), errno_note, part, on);
	cr0_write(cr0);
	irq_restore(flags);
}

static void nothing(void *arg) {}

/* The same to all places; then every processor has seen it, as returning from an interrupt and
 * writing CR0 make it fetch instructions anew. */
static void write_all(enum part part, bool on)
{
	const struct errno_site *s = errno_sites_start;
	u64 others = cpus_online() & ~BIT(cpu_id());

	for (size_t n; s < errno_sites_end; s += n) {
		n = min((size_t)(errno_sites_end - s), (size_t)AT_ONCE);
		write_some(s, s + n, part, on);
	}
	write_some(s, s, part, on);
	if (others)
		cpu_call(others, nothing, NULL);
}

void errno_sites_arm(bool on)
{
	for (enum part part = PART_BREAKPOINT; part <= PART_FIRST; part++)
		write_all(part, on);
}

bool errno_site_pass(struct regs *regs)
{
	u8 *code = (u8 *)regs->rip - 1;
	bool found = code == errno_leave_site;

	for (const struct errno_site *s = errno_sites_start; s < errno_sites_end && !found; s++)
		found = code == site_code(s);
	if (found)
		regs->rip += LENGTH - 1;
	return found;
}

bool errno_place_find(u32 mark, struct errno_place *out)
{
	for (const struct errno_site *s = errno_sites_start; s < errno_sites_end; s++) {
		if (mark != (u32)(u64)(site_code(s) + LENGTH))
			continue;
		*out = (struct errno_place){ (const char *)&s->file + s->file, s->what >> 12,
					     s->what & 0xfff };
		return true;
	}
	return false;
}
