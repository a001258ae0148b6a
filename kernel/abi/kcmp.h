/* abi/kcmp.h - kcmp(2): what two processes may share. */
#ifndef ABI_KCMP_H
#define ABI_KCMP_H

#define KCMP_FILE	0
#define KCMP_VM		1
#define KCMP_FILES	2
#define KCMP_FS		3
#define KCMP_SIGHAND	4
#define KCMP_IO		5
#define KCMP_SYSVSEM	6
#define KCMP_EPOLL_TFD	7

#endif
