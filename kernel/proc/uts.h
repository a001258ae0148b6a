/* The names of the system (uname(2)), and what Ctrl-Alt-Del does. */
#pragma once

#include "abi/utsname.h"
#include "lib/types.h"

#define SKERRY_RELEASE "6.6.0-skerry" /* of the ABI: programs compare it (see docs) */

void uts_read(struct utsname *out);
/* `text`: at most UTS_LEN bytes and a NUL. */
void uts_set_name(const char *text, bool domain);
/* a: whether Ctrl-Alt-Del resets at once (reboot(2) CAD_ON) or sends SIGINT to init. */
extern bool ctrl_alt_del_resets;
