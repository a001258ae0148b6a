/*
 * uname(2): the name and release of the ABI, because configure scripts and libraries read them so;
 * the version says whose kernel this is.
 */
#include "proc/uts.h"

#include "core/spinlock.h"
#include "lib/string.h"

bool ctrl_alt_del_resets = true;

static struct spinlock uts_lock = SPINLOCK_INIT(RANK_FILE, "uts");
/* uts_lock */
static struct utsname uts = {
	.sysname = "Linux",
	.nodename = "(none)",
	.release = SKERRY_RELEASE,
	.version = "#1 SMP Skerry",
	.machine = "x86_64",
	.domainname = "(none)",
};

void uts_read(struct utsname *out)
{
	spin_lock(&uts_lock);
	*out = uts;
	spin_unlock(&uts_lock);
}

void uts_set_name(const char *text, bool domain)
{
	char *name = domain ? uts.domainname : uts.nodename;

	spin_lock(&uts_lock);
	memset(name, 0, UTS_LEN + 1);
	strlcpy(name, text, UTS_LEN + 1);
	spin_unlock(&uts_lock);
}
