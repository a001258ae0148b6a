/*
 * ioctls of CD-ROM drives: tray, door, what is in it, its table of contents; and SG_IO for commands
 * that only ask. Before: blkfile.c; behind: dev/cdrom.c.
 */
#include "abi/capability.h"
#include "abi/cdrom.h"
#include "arch/usercopy.h"
#include "core/clock.h"
#include "dev/cdrom.h"
#include "dev/cdrom_commands.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/file_int.h"

#define TOC_BYTES 804 /* head and 100 tracks */

/* What a command may take, whatever SG_IO says, and if it says nothing. */
#define PACKET_LEAST_MS   7000u
#define PACKET_DEFAULT_MS 60000u

/* Reads the table of contents in one of its formats (MMC-5, 6.25) into `toc`. */
static int toc_read(struct cdrom *cd, u8 format, bool msf, u8 first, u8 *toc)
{
	struct blk_packet packet = {
		.cdb = { MMC_READ_TOC, msf ? 2 : 0, format, [6] = first, TOC_BYTES >> 8,
			 TOC_BYTES & 0xff },
	};

	return cdrom_command(cd, &packet, toc, TOC_BYTES);
}

static long toc_header(struct cdrom *cd, u64 arg, u8 *toc)
{
	struct cdrom_tochdr header;
	int err = toc_read(cd, 0, false, 0, toc);

	header.first = toc[2];
	header.last = toc[3];
	return err ? err : copy_out_obj((struct cdrom_tochdr __user *)arg, &header);
}

/* A descriptor of the table: eight bytes, the address in the last four. */
static s32 address_lba(const u8 *d)
{
	return (s32)((u32)d[4] << 24 | (u32)d[5] << 16 | (u32)d[6] << 8 | d[7]);
}

static long toc_entry(struct cdrom *cd, u64 arg, u8 *toc)
{
	struct cdrom_tocentry e;
	int err = copy_in_obj(&e, (const struct cdrom_tocentry __user *)arg);
	const u8 *d = toc + 4;

	if (err)
		return err;
	if (e.format != CDROM_LBA && e.format != CDROM_MSF)
		return -EINVAL;
	err = toc_read(cd, 0, e.format == CDROM_MSF, e.track, toc);
	if (err)
		return err;
	if (d[2] != e.track)
		return -EINVAL;
	e.adr_ctrl = (u8)(d[1] >> 4 | d[1] << 4);
	e.datamode = 0;
	if (e.format == CDROM_LBA)
		e.addr.lba = address_lba(d);
	else
		memcpy(&e.addr.msf, d + 5, 3);
	return copy_out_obj((struct cdrom_tocentry __user *)arg, &e);
}

static long last_session(struct cdrom *cd, u64 arg, u8 *toc)
{
	struct cdrom_multisession m;
	int err = copy_in_obj(&m, (const struct cdrom_multisession __user *)arg);

	if (err)
		return err;
	if (m.addr_format != CDROM_LBA && m.addr_format != CDROM_MSF)
		return -EINVAL;
	err = toc_read(cd, 1, m.addr_format == CDROM_MSF, 0, toc);
	if (err)
		return err;
	m.xa_flag = toc[2] != toc[3];
	if (m.addr_format == CDROM_LBA)
		m.addr.lba = address_lba(toc + 4);
	else
		memcpy(&m.addr.msf, toc + 9, 3);
	return copy_out_obj((struct cdrom_multisession __user *)arg, &m);
}

/* What kind of disc it is, by its tracks. */
static long disc_status(struct cdrom *cd, u8 *toc)
{
	enum cdrom_state state = cdrom_state(cd);
	unsigned n_data = 0, n_audio = 0, n;
	int err;

	if (state != CDROM_DISC_OK)
		return CDS_NO_DISC;
	err = toc_read(cd, 0, false, 0, toc);
	if (err)
		return err;
	n = min(((unsigned)toc[0] << 8 | toc[1]) - 2u, TOC_BYTES - 4u) / 8;
	for (unsigned i = 0; i < n; i++) {
		const u8 *d = toc + 4 + 8 * i;

		if (d[2] == CDROM_LEADOUT)
			break;
		if (d[1] & CDROM_DATA_TRACK)
			n_data++;
		else
			n_audio++;
	}
	return n_data && n_audio ? CDS_MIXED : n_audio ? CDS_AUDIO : CDS_DATA_1;
}

/* With room for a table of contents. */
static long with_toc(struct cdrom *cd, u32 request, u64 arg)
{
	u8 *toc = kzalloc(TOC_BYTES, MM_KERNEL);
	long err;

	if (!toc)
		return -ENOMEM;
	if (request == CDROMREADTOCHDR)
		err = toc_header(cd, arg, toc);
	else if (request == CDROMREADTOCENTRY)
		err = toc_entry(cd, arg, toc);
	else if (request == CDROMMULTISESSION)
		err = last_session(cd, arg, toc);
	else
		err = disc_status(cd, toc);
	kfree(toc);
	return err;
}

/* Commands that change nothing. */
static bool only_asks(u8 command)
{
	static const u8 those[] = {
		MMC_TEST_UNIT_READY, MMC_REQUEST_SENSE, MMC_INQUIRY, MMC_MODE_SENSE_6,
		MMC_READ_CAPACITY, MMC_READ_TOC, MMC_GET_CONFIGURATION, MMC_GET_EVENT,
		MMC_READ_DISC_INFO, MMC_MODE_SENSE_10, MMC_MECHANISM_STATUS,
	};

	for (unsigned i = 0; i < sizeof(those); i++)
		if (those[i] == command)
			return true;
	return false;
}

/*
 * What became of the command, as sg's interface tells it. One that the drive never answered, or
 * failed without a reason, was aborted (SPC-4 4.5.6): that is what the call succeeds in telling.
 */
static int packet_result(struct sg_io_hdr *h, const struct blk_packet *packet, int err)
{
	static const u8 aborted[sizeof(packet->sense)] = {
		SENSE_FIXED, [2] = SENSE_ABORTED, [7] = sizeof(aborted) - 8,
	};
	const u8 *sense = packet->sense[0] ? packet->sense : aborted;
	u8 n = min(h->mx_sb_len, (u8)sizeof(packet->sense));

	h->status = h->masked_status = h->msg_status = h->sb_len_wr = 0;
	h->host_status = h->driver_status = 0;
	h->info = 0;
	if (!err)
		return 0;
	if (sense == aborted && err != -ABI_EIO)
		return err;
	h->status = SAM_CHECK_CONDITION;
	h->masked_status = SAM_CHECK_CONDITION >> 1;
	h->driver_status = DRIVER_SENSE;
	h->info = SG_INFO_CHECK;
	h->sb_len_wr = n;
	return n ? copy_out((void __user *)h->sbp, sense, n) : 0;
}

/*
 * REQUEST SENSE takes from the drive what it would else say to the next command, perhaps that it
 * has another medium: all of it is asked for, in the fixed format, whatever the caller wanted. How
 * many bytes that was.
 */
static u32 sense_widen(struct blk_packet *packet)
{
	u32 wanted = packet->cdb[4];

	packet->cdb[1] = 0;
	packet->cdb[4] = (u8)max(wanted, (u32)sizeof(packet->sense));
	return wanted;
}

/* The device has all the room that such a command can fill, whatever the caller has. */
static long packet_run(struct cdrom *cd, struct sg_io_hdr *h, struct blk_packet *packet)
{
	bool data = h->dxfer_direction == SG_DXFER_FROM_DEV && h->dxfer_len;
	bool sense = packet->cdb[0] == MMC_REQUEST_SENSE;
	u32 bytes = data || sense ? CDROM_BUF_PAGES * PAGE_SIZE : 0, n;
	u32 room = data ? h->dxfer_len : 0, wanted = sense ? min(sense_widen(packet), room) : room;
	u64 begin = clock_monotonic();
	u8 *buf = NULL;
	int err;

	if (bytes && !(buf = kzalloc(bytes, MM_KERNEL)))
		return -ENOMEM;
	err = cdrom_command(cd, packet, buf, bytes);
	n = min(err ? 0 : packet->n_transferred, wanted);
	if (!err && sense)
		cdrom_note(cd, buf);
	err = packet_result(h, packet, err);
	if (!err && n)
		err = copy_out((void __user *)h->dxferp, buf, n);
	h->resid = (s32)(h->dxfer_len - n);
	h->duration = (u32)((clock_monotonic() - begin) / NSEC_PER_MSEC);
	kfree(buf);
	return err;
}

static long packet_ioctl(struct cdrom *cd, u64 arg)
{
	struct blk_packet packet = { .cdb = { 0 } };
	struct sg_io_hdr h;
	long err = copy_in_obj(&h, (const struct sg_io_hdr __user *)arg);

	if (err)
		return err;
	if (h.interface_id != 'S' || h.cmd_len < 6 || h.cmd_len > sizeof(packet.cdb) ||
	    h.iovec_count || h.dxfer_len > CDROM_BUF_PAGES * PAGE_SIZE)
		return -EINVAL;
	packet.timeout_ns = max(h.timeout ? h.timeout : PACKET_DEFAULT_MS, PACKET_LEAST_MS) *
			    NSEC_PER_MSEC;
	err = copy_in(packet.cdb, (const void __user *)h.cmdp, h.cmd_len);
	if (err)
		return err;
	if (!only_asks(packet.cdb[0]) || (h.dxfer_direction != SG_DXFER_FROM_DEV &&
					  h.dxfer_direction != SG_DXFER_NONE))
		return -EPERM;
	err = packet_run(cd, &h, &packet);
	return err ? err : copy_out_obj((struct sg_io_hdr __user *)arg, &h);
}

long cdrom_ioctl(struct file *f, struct blkdev *dev, u32 request, u64 arg, bool opened)
{
	struct cdrom *cd = dev->disk->cdrom;
	s32 version = SG_VERSION;

	switch (request) {
	case CDROMEJECT:
		return cdrom_eject(cd, opened);
	case CDROMCLOSETRAY:
		return cdrom_load(cd);
	case CDROM_LOCKDOOR:
		return cdrom_lock(cd, arg, opened, cred_capable(cred_caller(), CAP_SYS_ADMIN));
	case CDROM_DRIVE_STATUS:
		return (long)cdrom_state(cd); /* there is one slot, whichever is asked for */
	case CDROM_MEDIA_CHANGED:
		return cdrom_take_change(cd);
	case CDROM_CHANGER_NSLOTS:
		return 1;
	case CDROM_GET_CAPABILITY:
		return CDC_CLOSE_TRAY | CDC_OPEN_TRAY | CDC_LOCK | CDC_MULTI_SESSION |
		       CDC_MEDIA_CHANGED | CDC_DRIVE_STATUS;
	case CDROMREADTOCHDR:
	case CDROMREADTOCENTRY:
	case CDROMMULTISESSION:
	case CDROM_DISC_STATUS:
		return with_toc(cd, request, arg);
	case SG_GET_VERSION_NUM:
		return copy_out_obj((s32 __user *)arg, &version);
	case SG_IO:
		return packet_ioctl(cd, arg);
	default:
		return -ENOTTY;
	}
}
