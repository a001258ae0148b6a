/* Commands of drives for CD and DVD (MMC-5, SPC-4), and what sense data say. */
#pragma once

#include "lib/bitops.h"
#include "lib/types.h"

enum {
	MMC_TEST_UNIT_READY = 0x00,
	MMC_REQUEST_SENSE = 0x03,
	MMC_INQUIRY = 0x12,
	MMC_MODE_SENSE_6 = 0x1a,
	MMC_START_STOP = 0x1b,
	MMC_PREVENT_REMOVAL = 0x1e,
	MMC_READ_CAPACITY = 0x25,
	MMC_READ_10 = 0x28,
	MMC_READ_TOC = 0x43,
	MMC_GET_CONFIGURATION = 0x46,
	MMC_GET_EVENT = 0x4a,
	MMC_READ_DISC_INFO = 0x51,
	MMC_MODE_SENSE_10 = 0x5a,
	MMC_READ_12 = 0xa8,
	MMC_MECHANISM_STATUS = 0xbd,
};

#define MMC_EJECT 2 /* START STOP UNIT: LoEj, and Start for the opposite */
#define MMC_LOAD  3
#define MMC_EVENT_MEDIA     (1 << 4) /* GET EVENT STATUS NOTIFICATION: class asked for */
#define MMC_EVENT_NONE      BIT(7)   /* third byte of the answer */
#define MMC_MEDIA_TRAY_OPEN BIT(0)   /* sixth byte */

/* Sense data in the fixed format (SPC-4 4.5.3). */
#define SENSE_FIXED       0x70 /* first byte: of the command that just failed */
#define SENSE_KEY(sense)  ((sense)[2] & 0xf)
#define SENSE_CODE(sense) ((sense)[12])
enum {
	SENSE_NONE = 0,
	SENSE_RECOVERED = 1,
	SENSE_NOT_READY = 2,
	SENSE_MEDIUM_ERROR = 3,
	SENSE_ILLEGAL = 5,
	SENSE_ATTENTION = 6,
	SENSE_ABORTED = 11,
};
#define SENSE_NOT_YET        0x04
#define SENSE_MEDIUM_CHANGED 0x28
#define SENSE_NO_MEDIUM      0x3a
#define SENSE_LOCKED         0x53

#define CDROM_BUF_PAGES 16 /* most data of a command */
