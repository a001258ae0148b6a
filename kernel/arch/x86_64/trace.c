/*
 * Frame-pointer walks and register dumps (arch/trace.h). Every step is checked before memory is
 * read.
 */
#include "arch/context.h"
#include "arch/mmu.h"
#include "arch/trace.h"
#include "arch/x86_64/image_int.h"
#include "arch/x86_64/msr_int.h"
#include "lib/format.h"

/* A frame as the prologue `push %rbp; mov %rsp, %rbp` leaves it. */
struct frame {
	u64 caller;
	u64 return_address;
};

static bool frame_readable(u64 frame)
{
	return is_aligned(frame, 8) && mmu_translate_kernel(frame, NULL) &&
	       mmu_translate_kernel(frame + sizeof(struct frame) - 1, NULL);
}

unsigned arch_backtrace(u64 frame, u64 *addresses, unsigned max)
{
	unsigned n = 0;

	while (n < max && frame_readable(frame)) {
		const struct frame *f = (const struct frame *)frame;

		if (f->return_address < (u64)text_start || f->return_address >= (u64)text_end)
			break;
		addresses[n++] = f->return_address;
		if (f->caller <= frame || f->caller - frame > KSTACK_SIZE)
			break;
		frame = f->caller;
	}
	return n;
}

unsigned arch_backtrace_near(u64 frame, u64 *addresses, unsigned max)
{
	u64 top = this_cpu_read(cpu_kstack_top);
	unsigned n = 0;

	/* On a stack of its own, such as that for NMIs: it ends with the frame in hand. */
	if (frame >= top || top - frame > KSTACK_SIZE)
		top = frame + sizeof(struct frame);
	while (n < max && is_aligned(frame, 8) && frame + sizeof(struct frame) <= top) {
		const struct frame *f = (const struct frame *)frame;

		if (f->return_address < (u64)text_start || f->return_address >= (u64)text_end)
			break;
		addresses[n++] = f->return_address;
		if (f->caller <= frame)
			break;
		frame = f->caller;
	}
	return n;
}

#define U(v) ((unsigned long long)(v))

void arch_regs_describe(const struct regs *r, void (*line)(const char *text))
{
	char buf[128];

	snprintf(buf, sizeof(buf), "rip %04llx:%016llx  rsp %04llx:%016llx  rflags %08llx",
		 U(r->cs), U(r->rip),
		 U(r->ss), U(r->rsp), U(r->rflags));
	line(buf);
	snprintf(buf, sizeof(buf), "rax %016llx  rbx %016llx  rcx %016llx  rdx %016llx", U(r->rax),
		 U(r->rbx),
		 U(r->rcx), U(r->rdx));
	line(buf);
	snprintf(buf, sizeof(buf), "rsi %016llx  rdi %016llx  rbp %016llx  r8  %016llx", U(r->rsi),
		 U(r->rdi),
		 U(r->rbp), U(r->r8));
	line(buf);
	snprintf(buf, sizeof(buf), "r9  %016llx  r10 %016llx  r11 %016llx  r12 %016llx", U(r->r9),
		 U(r->r10),
		 U(r->r11), U(r->r12));
	line(buf);
	snprintf(buf, sizeof(buf), "r13 %016llx  r14 %016llx  r15 %016llx", U(r->r13), U(r->r14),
		 U(r->r15));
	line(buf);
	snprintf(buf, sizeof(buf), "cr0 %08llx  cr2 %016llx  cr3 %012llx  cr4 %08llx",
		 U(cr0_read()), U(cr2_read()),
		 U(cr3_read()), U(cr4_read()));
	line(buf);
}
