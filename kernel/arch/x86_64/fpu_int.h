/* The FPU: x87, SSE and what XSAVE adds (Intel SDM volume 1, chapter 13). */
#pragma once

#include "arch/context.h"

/*
 * Layout of an FPU image in memory: FXSAVE's 512 bytes, then (if XSAVE is used) the header, then
 * extended state.
 */
struct fpu_state {
	u16 cwd, swd, twd, fop;
	u64 rip, rdp;
	u32 mxcsr, mxcsr_mask;
	u8 st[128], xmm[256], unused[96];
	/* XSAVE header */
	u64 xstate_bv, xcomp_bv, reserved[6];
	u8 extended[];
} __aligned(64);

#define FXSAVE_SIZE 512

/*
 * Extended state components the kernel lets user code have (XCR0); 0 without XSAVE. Constant after
 * boot.
 */
extern u64 fpu_xfeatures;
/*
 * Bytes of an image as the CPU writes it, FXSAVE_SIZE without XSAVE; bits of MXCSR that may be set.
 */
extern size_t fpu_image_size;
extern u32 fpu_mxcsr_mask;
/* The state that programs begin with. */
extern struct fpu_state fpu_initial;

/*
 * Prepares this CPU's FPU; the boot CPU finds the sizes first. The second is fpu_switch.c's part.
 */
void fpu_setup_cpu(void);
void fpu_switch_init_cpu(void);

/*
 * Switch: stores the live registers; makes them the thread's, or leaves that to its first use.
 * Interrupts off.
 */
void fpu_save(struct arch_thread *ctx);
void fpu_load(struct arch_thread *ctx);
/* #NM from user mode: the thread uses the FPU after all. Interrupts off. */
void fpu_first_use(void);
/* Forgets that any CPU's registers hold its state. */
void fpu_disown(struct arch_thread *ctx);

/* si_code of a SIGFPE from the live state: of #XM if simd, else of #MF. */
int fpu_fault_code(bool simd);

/* Whether the current thread's state is in the registers; else it is in its image alone. */
bool fpu_is_live(void);
/* Brings the current thread's image up to date and returns it. */
struct fpu_state *fpu_sync(void);
/*
 * The current thread's image was changed: the registers follow. False if the CPU refuses it (then
 * the initial state is loaded).
 */
bool fpu_reload(void);
/* Sets the current thread's state to the initial one. */
void fpu_load_initial(void);

/*
 * For signal frames: an image at a user address (64-byte aligned with XSAVE, else 16).
 * fpu_store_user() writes the current state and what sigaction's frame says about it behind the
 * registers; 0 or -EFAULT. fpu_load_user() takes the state from there (0: the initial state) after
 * checking everything: 0, -EFAULT or -EINVAL; on failure the initial state is loaded.
 */
int fpu_store_user(u64 address);
int fpu_load_user(u64 address);
/* Bytes that fpu_store_user() writes. */
size_t fpu_user_size(void);
