/*
 * abi/elfcore.h - notes of core files (core(5), elf(5); uapi linux/elfcore.h).
 */
#ifndef ABI_ELFCORE_H
#define ABI_ELFCORE_H

#include "abi/ptrace.h"
#include "abi/time.h"

/* NT_PRSTATUS: a thread. */
struct elf_prstatus {
	s32 si_signo, si_code, si_errno;
	s16 pr_cursig;
	u16 __pad;
	u64 pr_sigpend, pr_sighold;
	s32 pr_pid, pr_ppid, pr_pgrp, pr_sid;
	struct timeval pr_utime, pr_stime, pr_cutime, pr_cstime;
	struct user_regs_struct pr_reg;
	s32 pr_fpvalid;
	u32 __pad2;
};
static_assert(sizeof(struct elf_prstatus) == 336, "struct elf_prstatus");

#define ELF_PRARGSZ 80

/* NT_PRPSINFO: the process. */
struct elf_prpsinfo {
	s8 pr_state, pr_sname, pr_zomb, pr_nice;
	u32 __pad;
	u64 pr_flag;
	u32 pr_uid, pr_gid;
	s32 pr_pid, pr_ppid, pr_pgrp, pr_sid;
	char pr_fname[16];
	char pr_psargs[ELF_PRARGSZ];
};
static_assert(sizeof(struct elf_prpsinfo) == 136, "struct elf_prpsinfo");

#endif
