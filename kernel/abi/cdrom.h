/* ioctls of CD-ROM drives (linux/cdrom.h) and of SCSI commands from user space (scsi/sg.h). */
#ifndef ABI_CDROM_H
#define ABI_CDROM_H

#include "abi/types.h"

#define CDROMREADTOCHDR		0x5305
#define CDROMREADTOCENTRY	0x5306
#define CDROMEJECT		0x5309
#define CDROMMULTISESSION	0x5310
#define CDROMCLOSETRAY		0x5319
#define CDROM_MEDIA_CHANGED	0x5325
#define CDROM_DRIVE_STATUS	0x5326
#define CDROM_DISC_STATUS	0x5327
#define CDROM_CHANGER_NSLOTS	0x5328
#define CDROM_LOCKDOOR		0x5329
#define CDROM_GET_CAPABILITY	0x5331

#define CDC_CLOSE_TRAY		0x1
#define CDC_OPEN_TRAY		0x2
#define CDC_LOCK		0x4
#define CDC_MULTI_SESSION	0x20
#define CDC_MEDIA_CHANGED	0x80
#define CDC_DRIVE_STATUS	0x800

#define CDS_NO_DISC		1
#define CDS_TRAY_OPEN		2
#define CDS_DRIVE_NOT_READY	3
#define CDS_DISC_OK		4
#define CDS_AUDIO		100
#define CDS_DATA_1		101
#define CDS_MIXED		105

#define CDROM_LBA		1
#define CDROM_MSF		2
#define CDROM_LEADOUT		0xaa
#define CDROM_DATA_TRACK	4

struct cdrom_tochdr {
	u8 first, last;
};

struct cdrom_tocentry {
	u8 track;
	u8 adr_ctrl;		/* ADR in the lower half */
	u8 format;		/* CDROM_LBA, CDROM_MSF */
	union {
		struct { u8 minute, second, frame; } msf;
		s32 lba;
	} addr;
	u8 datamode;
};

struct cdrom_multisession {
	union {
		struct { u8 minute, second, frame; } msf;
		s32 lba;
	} addr;			/* of the last session */
	u8 xa_flag;
	u8 addr_format;
};

#define SG_IO			0x2285
#define SG_GET_VERSION_NUM	0x2282
#define SG_VERSION		30527
#define SG_DXFER_NONE		(-1)
#define SG_DXFER_FROM_DEV	(-3)
#define SG_INFO_CHECK		1
#define SAM_CHECK_CONDITION	2
#define DRIVER_SENSE		8

struct sg_io_hdr {
	s32 interface_id;	/* 'S' */
	s32 dxfer_direction;
	u8 cmd_len, mx_sb_len;
	u16 iovec_count;
	u32 dxfer_len;
	u64 dxferp, cmdp, sbp;	/* user addresses */
	u32 timeout, flags;
	s32 pack_id;
	u64 usr_ptr;
	u8 status, masked_status, msg_status, sb_len_wr;
	u16 host_status, driver_status;
	s32 resid;
	u32 duration, info;
};

_Static_assert(sizeof(struct cdrom_tocentry) == 12, "linux/cdrom.h");
_Static_assert(sizeof(struct cdrom_multisession) == 8, "linux/cdrom.h");
_Static_assert(sizeof(struct sg_io_hdr) == 88, "scsi/sg.h");

#endif
