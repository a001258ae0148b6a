/*
 * abi/utsname.h - uname(2).
 */
#ifndef ABI_UTSNAME_H
#define ABI_UTSNAME_H

#define UTS_LEN		64	/* without the terminator */

struct utsname {
	char sysname[UTS_LEN + 1];
	char nodename[UTS_LEN + 1];
	char release[UTS_LEN + 1];
	char version[UTS_LEN + 1];
	char machine[UTS_LEN + 1];
	char domainname[UTS_LEN + 1];
};

#endif
