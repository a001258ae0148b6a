/*
 * /dev/rtc0 (rtc(4)): the battery clock, which runs while the machine is off. It keeps UTC in whole
 * seconds. One process has it open at a time. It raises no interrupts, so there is nothing to read.
 */
#include "abi/kdev.h"
#include "abi/time.h"
#include "abi/capability.h"
#include "arch/irq.h"
#include "arch/usercopy.h"
#include "dev/chr.h"
#include "fs/devfs/mem_int.h"
#include "lib/civil.h"
#include "vfs/cred.h"

#define RTC_MINOR 135

static bool in_use; /* atomic */

static int rtc_open(struct file *f)
{
	return __atomic_exchange_n(&in_use, true, __ATOMIC_ACQUIRE) ? -EBUSY : 0;
}

static void rtc_release(struct file *f)
{
	__atomic_store_n(&in_use, false, __ATOMIC_RELEASE);
}

static long read_time(struct rtc_time __user *to)
{
	u64 seconds = arch_rtc_read();
	struct civil c;
	struct rtc_time t;

	if (!seconds)
		return -EINVAL;
	civil_from_epoch((s64)seconds, &c);
	t = (struct rtc_time){
		.tm_sec = c.second,
		.tm_min = c.minute,
		.tm_hour = c.hour,
		.tm_mday = c.day,
		.tm_mon = c.month - 1,
		.tm_year = (s32)(c.year - 1900),
		.tm_wday = c.weekday,
		.tm_yday = c.yearday,
	};
	return copy_out_obj(to, &t);
}

/* Whether each field fits its place in a struct civil: what is in there is checked behind that. */
static bool fields_fit(const struct rtc_time *t)
{
	return t->tm_sec >= 0 && t->tm_sec < 60 && t->tm_min >= 0 && t->tm_min < 60 &&
	       t->tm_hour >= 0 && t->tm_hour < 24 && t->tm_mday >= 1 && t->tm_mday <= 31 &&
	       t->tm_mon >= 0 && t->tm_mon < 12 && t->tm_year >= 70;
}

static long set_time(const struct rtc_time __user *from)
{
	struct rtc_time t;
	struct civil c;

	if (!cred_capable(cred_caller(), CAP_SYS_TIME))
		return -EACCES;
	if (copy_in_obj(&t, from) < 0)
		return -EFAULT;
	if (!fields_fit(&t))
		return -EINVAL;
	c = (struct civil){
		.year = (s64)t.tm_year + 1900,
		.month = (u8)(t.tm_mon + 1),
		.day = (u8)t.tm_mday,
		.hour = (u8)t.tm_hour,
		.minute = (u8)t.tm_min,
		.second = (u8)t.tm_sec,
	};
	return civil_is_valid(&c) ? arch_rtc_write((u64)civil_to_epoch(&c)) : -EINVAL;
}

static long rtc_ioctl(struct file *f, u32 request, u64 arg)
{
	switch (request) {
	case RTC_RD_TIME:
		return read_time((struct rtc_time __user *)arg);
	case RTC_SET_TIME:
		return set_time((const struct rtc_time __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_ops rtc_ops = {
	.open = rtc_open,
	.release = rtc_release,
	.ioctl = rtc_ioctl,
};

void mem_rtc_register(void)
{
	static struct chrdev rtc = {
		.major = MISC_MAJOR,
		.minor = RTC_MINOR,
		.n_minors = 1,
		.name = "rtc0",
		.mode = 0600,
		.ops = &rtc_ops,
		.class = "rtc",
		.parent = "platform/rtc_cmos",
	};

	chrdev_register(&rtc);
}
