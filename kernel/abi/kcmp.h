/* abi/kcmp.h - kcmp(2): what two processes may share. */
#ifndef ABI_KCMP_H
#define ABI_KCMP_H

#include "abi/types.h"

#define KCMP_FILE	0
#define KCMP_VM		1
#include "abi/types.h"

#define KCMP_FILES	2
#define KCMP_FS		3
#define KCMP_SIGHAND	4
#define KCMP_IO		5
#define KCMP_SYSVSEM	6
#define KCMP_EPOLL_TFD	7

/* KCMP_EPOLL_TFD: of the files that epoll `efd` watches as descriptor `tfd`, number `toff`. */
struct kcmp_epoll_slot {
	u32 efd;
	u32 tfd;
	u32 toff;
};

#endif
