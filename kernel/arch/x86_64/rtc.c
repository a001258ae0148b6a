/*
 * The battery clock (MC146818 data sheet): date and time in CMOS registers, BCD or binary, 12 or 24
 * hours. It is read twice alike outside an update, and written while updates are held off. The
 * century register's place comes from the FADT; without one the year is taken to be in 1970 … 2069.
 * A register takes two accesses to ports, which the lock keeps together.
 */
#include "abi/errno.h"
#include "arch/acpi.h"
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/irq.h"
#include "core/spinlock.h"
#include "lib/bcd.h"
#include "lib/civil.h"
#include "lib/string.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

enum cmos_register {
	RTC_SECOND = 0, RTC_MINUTE = 2, RTC_HOUR = 4, RTC_WEEKDAY = 6, RTC_DAY = 7, RTC_MONTH = 8,
	RTC_YEAR = 9, RTC_A = 10, RTC_B = 11,
};

#define A_UPDATING 0x80
#define B_BINARY   0x04
#define B_24_HOUR  0x02
#define B_SET      0x80 /* no updates: the registers may be written */
#define HOUR_PM    0x80

#define FADT_CENTURY 108
#define TRIES        16
#define UPDATE_SPINS 100000
#define RTC_LAST     253402300799ull /* the end of the year 9999 */

struct cmos_time {
	u8 second, minute, hour, day, month, year, century;
};

static struct spinlock cmos = SPINLOCK_INIT(RANK_DRIVER, "cmos");

static u8 cmos_read(unsigned reg)
{
	io_out8(CMOS_INDEX, (u8)reg);
	return io_in8(CMOS_DATA);
}

static void cmos_write(unsigned reg, u8 value)
{
	io_out8(CMOS_INDEX, (u8)reg);
	io_out8(CMOS_DATA, value);
}

static unsigned century_register(void)
{
	const struct acpi_header *fadt = acpi_table_find("FACP", 0);

	return fadt && fadt->length > FADT_CENTURY ? ((const u8 *)fadt)[FADT_CENTURY] & 0x7f : 0;
}

static struct cmos_time read_once(unsigned century)
{
	for (unsigned i = 0; i < UPDATE_SPINS && cmos_read(RTC_A) & A_UPDATING; i++)
		cpu_relax();
	return (struct cmos_time){
		.second = cmos_read(RTC_SECOND),
		.minute = cmos_read(RTC_MINUTE),
		.hour = cmos_read(RTC_HOUR),
		.day = cmos_read(RTC_DAY),
		.month = cmos_read(RTC_MONTH),
		.year = cmos_read(RTC_YEAR),
		.century = century ? cmos_read(century) : 0,
	};
}

static unsigned decode(u8 v, u8 mode)
{
	return mode & B_BINARY ? v : bcd_to_bin(v);
}

static unsigned decode_hour(u8 v, u8 mode)
{
	unsigned hour = decode(v & ~HOUR_PM, mode);

	if (mode & B_24_HOUR)
		return decode(v, mode);
	return hour % 12 + (v & HOUR_PM ? 12 : 0);
}

/* The registers as they are, and how to read them. */
static struct cmos_time read_stable(unsigned century, u8 *mode)
{
	u64 flags = spin_lock_irq(&cmos);
	struct cmos_time t = read_once(century), again;

	*mode = cmos_read(RTC_B);
	for (unsigned i = 0; i < TRIES; i++) {
		again = read_once(century);
		if (!memcmp(&t, &again, sizeof(t)))
			break;
		t = again;
	}
	spin_unlock_irq(&cmos, flags);
	return t;
}

u64 arch_rtc_read(void)
{
	unsigned century = century_register();
	u8 mode;
	struct cmos_time t = read_stable(century, &mode);
	struct civil c;
	s64 epoch;

	c = (struct civil){
		.year = decode(t.year, mode),
		.month = (u8)decode(t.month, mode),
		.day = (u8)decode(t.day, mode),
		.hour = (u8)decode_hour(t.hour, mode),
		.minute = (u8)decode(t.minute, mode),
		.second = (u8)decode(t.second, mode),
	};
	if (century && decode(t.century, mode) >= 19)
		c.year += 100 * decode(t.century, mode);
	else
		c.year += c.year < 70 ? 2000 : 1900;
	if (!civil_is_valid(&c))
		return 0;
	epoch = civil_to_epoch(&c);
	return epoch > 0 ? (u64)epoch : 0;
}

static u8 encode(unsigned v, u8 mode)
{
	return mode & B_BINARY ? (u8)v : bcd_from_bin(v);
}

static u8 encode_hour(unsigned hour, u8 mode)
{
	if (mode & B_24_HOUR)
		return encode(hour, mode);
	return encode(hour % 12 ? hour % 12 : 12, mode) | (hour >= 12 ? HOUR_PM : 0);
}

int arch_rtc_write(u64 seconds)
{
	unsigned century = century_register();
	struct civil c;
	u64 flags;
	u8 mode;

	if (seconds > RTC_LAST)
		return -EINVAL;
	civil_from_epoch((s64)seconds, &c);
	if (!century && c.year >= 2070)
		return -EINVAL;
	flags = spin_lock_irq(&cmos);
	mode = cmos_read(RTC_B);
	cmos_write(RTC_B, mode | B_SET);
	cmos_write(RTC_SECOND, encode(c.second, mode));
	cmos_write(RTC_MINUTE, encode(c.minute, mode));
	cmos_write(RTC_HOUR, encode_hour(c.hour, mode));
	cmos_write(RTC_WEEKDAY, encode(c.weekday + 1u, mode));
	cmos_write(RTC_DAY, encode(c.day, mode));
	cmos_write(RTC_MONTH, encode(c.month, mode));
	cmos_write(RTC_YEAR, encode((unsigned)(c.year % 100), mode));
	if (century)
		cmos_write(century, encode((unsigned)(c.year / 100), mode));
	cmos_write(RTC_B, mode & ~B_SET);
	spin_unlock_irq(&cmos, flags);
	return 0;
}

u64 arch_jitter(void)
{
	u64 flags = spin_lock_irq(&cmos), start = cpu_cycles();

	cmos_read(RTC_SECOND);
	start = cpu_cycles() - start;
	spin_unlock_irq(&cmos, flags);
	return start;
}
