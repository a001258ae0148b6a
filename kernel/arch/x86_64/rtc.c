/*
 * The battery clock (MC146818 data sheet): date and time in CMOS registers, BCD or binary, 12 or 24
 * hours. It is read twice alike outside an update. The century register's place comes from the
 * FADT; without one the year is taken to be in 1970 … 2069.
 */
#include "arch/acpi.h"
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/irq.h"
#include "lib/bcd.h"
#include "lib/civil.h"
#include "lib/string.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

enum cmos_register {
	RTC_SECOND = 0, RTC_MINUTE = 2, RTC_HOUR = 4, RTC_DAY = 7, RTC_MONTH = 8, RTC_YEAR = 9,
		RTC_A = 10, RTC_B = 11,
};

#define A_UPDATING 0x80
#define B_BINARY   0x04
#define B_24_HOUR  0x02
#define HOUR_PM    0x80

#define FADT_CENTURY 108
#define TRIES        16
#define UPDATE_SPINS 100000

struct rtc_time {
	u8 second, minute, hour, day, month, year, century;
};

static u8 cmos_read(unsigned reg)
{
	io_out8(CMOS_INDEX, (u8)reg);
	return io_in8(CMOS_DATA);
}

static unsigned century_register(void)
{
	const struct acpi_header *fadt = acpi_table_find("FACP", 0);

	return fadt && fadt->length > FADT_CENTURY ? ((const u8 *)fadt)[FADT_CENTURY] & 0x7f : 0;
}

static struct rtc_time read_once(unsigned century)
{
	for (unsigned i = 0; i < UPDATE_SPINS && cmos_read(RTC_A) & A_UPDATING; i++)
		cpu_relax();
	return (struct rtc_time){
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

u64 arch_rtc_read(void)
{
	unsigned century = century_register();
	struct rtc_time t = read_once(century), again;
	u8 mode = cmos_read(RTC_B);
	struct civil c;
	s64 epoch;

	for (unsigned i = 0; i < TRIES; i++) {
		again = read_once(century);
		if (!memcmp(&t, &again, sizeof(t)))
			break;
		t = again;
	}
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
