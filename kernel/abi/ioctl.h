/*
 * abi/ioctl.h - ioctl(2) request numbers.
 */
#ifndef ABI_IOCTL_H
#define ABI_IOCTL_H

#include "abi/types.h"

/* How a request encodes its direction, argument size, type and number. */
#define _IOC_NONE	0u
#define _IOC_WRITE	1u
#define _IOC_READ	2u
#define _IOC(dir, type, nr, size) \
	((u32)(dir) << 30 | (u32)(size) << 16 | (u32)(type) << 8 | (u32)(nr))
#define _IO(type, nr)		_IOC(_IOC_NONE, type, nr, 0)
#define _IOR(type, nr, arg)	_IOC(_IOC_READ, type, nr, sizeof(arg))
#define _IOW(type, nr, arg)	_IOC(_IOC_WRITE, type, nr, sizeof(arg))
#define _IOWR(type, nr, arg)	_IOC(_IOC_READ | _IOC_WRITE, type, nr, sizeof(arg))
#define _IOC_DIR(cmd)		((cmd) >> 30)
#define _IOC_SIZE(cmd)		((cmd) >> 16 & 0x3fff)
#define _IOC_TYPE(cmd)		((cmd) >> 8 & 0xff)
#define _IOC_NR(cmd)		((cmd) & 0xff)

/* any file */
#define FIOCLEX		0x5451
#define FIONCLEX	0x5450
#define FIONBIO		0x5421
#define FIOASYNC	0x5452
#define FIONREAD	0x541b
#define FIOQSIZE	0x5460
#define FIOSETOWN	0x8901
#define FIOGETOWN	0x8903

/* terminals: ioctl_tty(2) */
#define TCGETS		0x5401
#define TCSETS		0x5402
#define TCSETSW		0x5403
#define TCSETSF		0x5404
#define TCGETA		0x5405
#define TCSETA		0x5406
#define TCSETAW		0x5407
#define TCSETAF		0x5408
#define TCSBRK		0x5409
#define TCXONC		0x540a
#define TCFLSH		0x540b
#define TCSBRKP		0x5425
#define TIOCEXCL	0x540c
#define TIOCNXCL	0x540d
#define TIOCSCTTY	0x540e
#define TIOCGPGRP	0x540f
#define TIOCSPGRP	0x5410
#define TIOCOUTQ	0x5411
#define TIOCSTI		0x5412
#define TIOCGWINSZ	0x5413
#define TIOCSWINSZ	0x5414
#define TIOCMGET	0x5415
#define TIOCMBIS	0x5416
#define TIOCMBIC	0x5417
#define TIOCMSET	0x5418
#define TIOCGSOFTCAR	0x5419
#define TIOCSSOFTCAR	0x541a
#define TIOCINQ		0x541b
#define TIOCLINUX	0x541c
#define TIOCCONS	0x541d
#define TIOCGSERIAL	0x541e
#define TIOCSSERIAL	0x541f
#define TIOCPKT		0x5420
#define TIOCNOTTY	0x5422
#define TIOCSETD	0x5423
#define TIOCGETD	0x5424
#define TIOCSBRK	0x5427
#define TIOCCBRK	0x5428
#define TIOCGSID	0x5429
#define TIOCGLCKTRMIOS	0x5456
#define TIOCSLCKTRMIOS	0x5457
#define TIOCMIWAIT	0x545c
#define TIOCGICOUNT	0x545d
#define TIOCVHANGUP	0x5437
#define TCGETS2		0x802c542a
#define TCSETS2		0x402c542b
#define TCSETSW2	0x402c542c
#define TCSETSF2	0x402c542d
#define TIOCGPTN	0x80045430
#define TIOCSPTLCK	0x40045431
#define TIOCGDEV	0x80045432
#define TIOCSIG		0x40045436
#define TIOCGPKT	0x80045438
#define TIOCGPTLCK	0x80045439
#define TIOCGEXCL	0x80045440
#define TIOCGPTPEER	0x00005441

/* consoles: ioctl_console(2) */
#define KDGETLED	0x4b31
#define KDSETLED	0x4b32
#define KDGKBLED	0x4b64
#define KDSKBLED	0x4b65
#define KDGKBTYPE	0x4b33
#define KDADDIO		0x4b34
#define KDDELIO		0x4b35
#define KDENABIO	0x4b36
#define KDDISABIO	0x4b37
#define KDSETMODE	0x4b3a
#define KDGETMODE	0x4b3b
#define KDMKTONE	0x4b30
#define KIOCSOUND	0x4b2f
#define KDGKBMODE	0x4b44
#define KDSKBMODE	0x4b45
#define KDGKBMETA	0x4b62
#define KDSKBMETA	0x4b63
#define KDGKBENT	0x4b46
#define KDSKBENT	0x4b47
#define KDGKBSENT	0x4b48
#define KDSKBSENT	0x4b49
#define KDGKBDIACR	0x4b4a
#define KDSKBDIACR	0x4b4b
#define KDGKBDIACRUC	0x4bfa
#define KDSKBDIACRUC	0x4bfb
#define KDSIGACCEPT	0x4b4e
#define KDKBDREP	0x4b52
#define GIO_FONT	0x4b60
#define PIO_FONT	0x4b61
#define GIO_FONTX	0x4b6b
#define PIO_FONTX	0x4b6c
#define PIO_FONTRESET	0x4b6d
#define GIO_CMAP	0x4b70
#define PIO_CMAP	0x4b71
#define KDFONTOP	0x4b72
#define GIO_UNIMAP	0x4b66
#define PIO_UNIMAP	0x4b67
#define PIO_UNIMAPCLR	0x4b68
#define GIO_SCRNMAP	0x4b40
#define PIO_SCRNMAP	0x4b41
#define GIO_UNISCRNMAP	0x4b69
#define PIO_UNISCRNMAP	0x4b6a
#define KB_84		0x1
#define KB_101		0x2
#define KB_OTHER	0x3
#define KD_TEXT		0x0
#define KD_GRAPHICS	0x1
#define K_RAW		0x0
#define K_XLATE		0x1
#define K_MEDIUMRAW	0x2
#define K_UNICODE	0x3
#define K_OFF		0x4
#define VT_OPENQRY	0x5600
#define VT_GETMODE	0x5601
#define VT_SETMODE	0x5602
#define VT_GETSTATE	0x5603
#define VT_SENDSIG	0x5604
#define VT_RELDISP	0x5605
#define VT_ACTIVATE	0x5606
#define VT_WAITACTIVE	0x5607
#define VT_DISALLOCATE	0x5608
#define VT_RESIZE	0x5609
#define VT_RESIZEX	0x560a
#define VT_LOCKSWITCH	0x560b
#define VT_UNLOCKSWITCH	0x560c
#define VT_AUTO		0
#define VT_PROCESS	1
#define VT_ACKACQ	2

struct vt_mode {
	char mode;
	char waitv;
	s16 relsig;
	s16 acqsig;
	s16 frsig;
};

struct vt_stat {
	u16 v_active;
	u16 v_signal;
	u16 v_state;
};

/* block devices */
#define BLKROSET		0x0000125d
#define BLKROGET		0x0000125e
#define BLKRRPART		0x0000125f
#define BLKGETSIZE		0x00001260
#define BLKFLSBUF		0x00001261
#define BLKRASET		0x00001262
#define BLKRAGET		0x00001263
#define BLKFRASET		0x00001264
#define BLKFRAGET		0x00001265
#define BLKSECTGET		0x00001267
#define BLKSSZGET		0x00001268
#define BLKPG			0x00001269
#define BLKBSZGET		0x80081270
#define BLKBSZSET		0x40081271
#define BLKGETSIZE64		0x80081272
#define BLKDISCARD		0x00001277
#define BLKIOMIN		0x00001278
#define BLKIOOPT		0x00001279
#define BLKALIGNOFF		0x0000127a
#define BLKPBSZGET		0x0000127b
#define BLKDISCARDZEROES	0x0000127c
#define BLKSECDISCARD		0x0000127d
#define BLKROTATIONAL		0x0000127e
#define BLKZEROOUT		0x0000127f
#define BLKGETZONESZ		0x80041284
#define BLKGETNRZONES		0x80041285
#define BLKGETDISKSEQ		0x80081280
#define HDIO_GETGEO		0x0301
#define HDIO_GET_IDENTITY	0x030d

#define SG_GET_VERSION_NUM	0x2282
#define SG_VERSION		30527 /* of the interface: 3.5.27 */
#define SCSI_IOCTL_GET_IDLUN	0x5382
#define SCSI_IOCTL_GET_BUS_NUMBER	0x5386

struct hd_geometry {
	u8 heads;
	u8 sectors;
	u16 cylinders;
	u64 start;
};

/* file systems and inodes: ioctl_iflags(2) */
#define FS_IOC_GETFLAGS		0x80086601
#define FS_IOC_SETFLAGS		0x40086602
#define FS_IOC_GETVERSION	0x80087601
#define FS_IOC_SETVERSION	0x40087602
#define FIBMAP			0x00000001
#define FIGETBSZ		0x00000002
#define FIFREEZE		0xc0045877
#define FITHAW			0xc0045878
#define FITRIM			0xc0185879
#define FICLONE			0x40049409
#define FICLONERANGE		0x4020940d
#define FIDEDUPERANGE		0xc0189436
#define FS_IOC_FIEMAP		0xc020660b
#define FS_IOC_FSGETXATTR	0x801c581f
#define FS_IOC_FSSETXATTR	0x401c5820
#define FS_IOC_GETFSLABEL	0x81009431
#define FS_IOC_SETFSLABEL	0x41009432
#define EXT4_IOC_GETFSUUID	0x8008662c
#define EXT4_IOC_RESIZE_FS	0x40086610
#define EXT4_IOC_SETFSUUID	0x4008662c
#define FS_SECRM_FL		0x00000001
#define FS_UNRM_FL		0x00000002
#define FS_COMPR_FL		0x00000004
#define FS_SYNC_FL		0x00000008
#define FS_IMMUTABLE_FL		0x00000010
#define FS_APPEND_FL		0x00000020
#define FS_NODUMP_FL		0x00000040
#define FS_NOATIME_FL		0x00000080
#define FS_INDEX_FL		0x00001000
#define FS_JOURNAL_DATA_FL	0x00004000
#define FS_NOTAIL_FL		0x00008000
#define FS_DIRSYNC_FL		0x00010000
#define FS_TOPDIR_FL		0x00020000
#define FS_EXTENT_FL		0x00080000
#define FS_DAX_FL		0x02000000
#define FS_PROJINHERIT_FL	0x20000000

/* sockets */
#define SIOCATMARK		0x8905
#define SIOCGPGRP		0x8904
#define SIOCSPGRP		0x8902
#define SIOCGSTAMP_OLD		0x8906
#define SIOCGSTAMPNS_OLD	0x8907
#define SIOCGSTAMP_NEW		0x80108906
#define SIOCGSTAMPNS_NEW	0x80108907

/* frame buffers */
#define FBIOGET_VSCREENINFO	0x4600
#define FBIOPUT_VSCREENINFO	0x4601
#define FBIOGET_FSCREENINFO	0x4602
#define FBIOPAN_DISPLAY		0x4606
#define FBIOBLANK		0x4611

/* /dev/random: random(4) */
#define RNDGETENTCNT	0x80045200
#define RNDADDTOENTCNT	0x40045201
#define RNDGETPOOL	0x80085202
#define RNDADDENTROPY	0x40085203
#define RNDZAPENTCNT	0x00005204
#define RNDCLEARPOOL	0x00005206
#define RNDRESEEDCRNG	0x00005207

#endif
