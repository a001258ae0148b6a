/*
 * CD-ROM drives: /dev/sr0 has a medium of 1001 sectors, each of which begins with its number;
 * /dev/sr1 is empty (ci/guest).
 */
#include <limits.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>

#include "tap.h"

#define FULL  "/dev/sr0"
#define EMPTY "/dev/sr1"

enum { SECTORS = 1001 };

TEST(what_is_on_it)
{
	char text[32], block[2048];
	uint64_t bytes = 0;
	struct stat st;
	int fd, n = 0;

	works(stat(FULL, &st), "stat");
	ok(S_ISBLK(st.st_mode) && st.st_rdev == 11 << 8, "it is block device 11:0");
	fd = must(open(FULL, O_RDONLY));
	works(ioctl(fd, BLKGETSIZE64, &bytes), "BLKGETSIZE64");
	is(bytes, SECTORS * 2048, "the medium's size");
	works(ioctl(fd, BLKSSZGET, &n), "BLKSSZGET");
	is(n, 2048, "sectors of 2048 bytes");
	works(ioctl(fd, BLKROGET, &n), "BLKROGET");
	is(n, 1, "it is read-only");
	for (int i = SECTORS - 1; i >= 0; i -= 125) {
		snprintf(text, sizeof(text), "sector %d\n.", i);
		is(pread(fd, block, sizeof(block), (off_t)i * 2048), 2048, "pread");
		ok(!memcmp(block, text, strlen(text)), "the sector is the right one");
	}
	is(pread(fd, block, 2048, SECTORS * 2048), 0, "end of file");
	is(pread(fd, block, 2048, SECTORS * 2048 - 100), 100, "what is left before it");
	is(lseek(fd, 0, SEEK_END), SECTORS * 2048, "seek to the end");
	close(fd);
	fails(open(FULL, O_RDWR), EROFS, "opening to write");
}

TEST(no_medium)
{
	int fd;

	fails(open(EMPTY, O_RDONLY), ENOMEDIUM, "open of an empty drive");
	fd = must(open(EMPTY, O_RDONLY | O_NONBLOCK));
	is(ioctl(fd, CDROM_DRIVE_STATUS, CDSL_CURRENT), CDS_NO_DISC, "CDROM_DRIVE_STATUS");
	is(ioctl(fd, CDROM_DISC_STATUS, 0), CDS_NO_DISC, "CDROM_DISC_STATUS");
	close(fd);
}

TEST(contents)
{
	struct cdrom_tochdr header = {0, 0};
	struct cdrom_tocentry e = {.cdte_track = 1, .cdte_format = CDROM_LBA};
	struct cdrom_multisession m = {.addr_format = CDROM_LBA};
	int fd = must(open(FULL, O_RDONLY | O_NONBLOCK));

	is(ioctl(fd, CDROM_DRIVE_STATUS, CDSL_CURRENT), CDS_DISC_OK, "CDROM_DRIVE_STATUS");
	is(ioctl(fd, CDROM_DISC_STATUS, 0), CDS_DATA_1, "CDROM_DISC_STATUS");
	works(ioctl(fd, CDROMREADTOCHDR, &header), "CDROMREADTOCHDR");
	is(header.cdth_trk0 * 100 + header.cdth_trk1, 101, "one track");
	works(ioctl(fd, CDROMREADTOCENTRY, &e), "CDROMREADTOCENTRY");
	is(e.cdte_addr.lba, 0, "it begins at 0");
	ok(e.cdte_ctrl & CDROM_DATA_TRACK, "and has data");
	e.cdte_track = CDROM_LEADOUT;
	works(ioctl(fd, CDROMREADTOCENTRY, &e), "of the lead-out");
	is(e.cdte_addr.lba, SECTORS, "it begins at the end");
	e.cdte_format = CDROM_MSF;
	works(ioctl(fd, CDROMREADTOCENTRY, &e), "as minute, second, frame");
	is(e.cdte_addr.msf.minute * 4500 + e.cdte_addr.msf.second * 75 + e.cdte_addr.msf.frame,
	   SECTORS + 150, "it is two seconds later");
	e.cdte_format = 7;
	fails(ioctl(fd, CDROMREADTOCENTRY, &e), EINVAL, "a format that is none");
	fails(ioctl(fd, CDROMREADTOCHDR, (void *)8), EFAULT, "a bad address");
	works(ioctl(fd, CDROMMULTISESSION, &m), "CDROMMULTISESSION");
	is(m.addr.lba * 2 + m.xa_flag, 0, "there is one session");
	is(ioctl(fd, CDROM_GET_CAPABILITY, 0) & (CDC_OPEN_TRAY | CDC_CLOSE_TRAY | CDC_LOCK),
	   CDC_OPEN_TRAY | CDC_CLOSE_TRAY | CDC_LOCK, "CDROM_GET_CAPABILITY");
	is(ioctl(fd, CDROM_CHANGER_NSLOTS, 0), 1, "CDROM_CHANGER_NSLOTS");
	close(fd);
}

TEST(tray)
{
	int teller = must(open(FULL, O_RDONLY | O_NONBLOCK)), user;

	works(ioctl(teller, CDROMEJECT, 0), "CDROMEJECT");
	is(ioctl(teller, CDROM_DRIVE_STATUS, CDSL_CURRENT), CDS_TRAY_OPEN, "the tray is out");
	works(ioctl(teller, CDROMCLOSETRAY, 0), "CDROMCLOSETRAY");
	is(ioctl(teller, CDROM_DRIVE_STATUS, CDSL_CURRENT), CDS_DISC_OK, "the disc is in again");
	works(ioctl(teller, CDROMEJECT, 0), "CDROMEJECT once more");
	user = must(open(FULL, O_RDONLY));
	/* Linux tells the status of the drive, which says no. */
	ok(ioctl(teller, CDROMEJECT, 0) != 0, "who reads it keeps it");
	close(user);
	works(ioctl(teller, CDROM_LOCKDOOR, 1), "CDROM_LOCKDOOR");
	ok(ioctl(teller, CDROMEJECT, 0) != 0, "a locked door stays shut");
	works(ioctl(teller, CDROM_LOCKDOOR, 0), "unlocked");
	works(ioctl(teller, CDROMEJECT, 0), "it opens");
	works(ioctl(teller, CDROMCLOSETRAY, 0), "CDROMCLOSETRAY");
	works(close(teller), "close");
}

TEST(packets)
{
	unsigned char inquiry[6] = {0x12, 0, 0, 0, 96}, ready[6] = {0}, sense[32], data[96];
	sg_io_hdr_t h = {.interface_id = 'S', .dxfer_direction = SG_DXFER_FROM_DEV, .cmd_len = 6,
			 .mx_sb_len = sizeof(sense), .dxfer_len = sizeof(data), .dxferp = data,
			 .cmdp = inquiry, .sbp = sense, .timeout = 5000};
	int fd = must(open(FULL, O_RDONLY | O_NONBLOCK)), version = 0;

	works(ioctl(fd, SG_GET_VERSION_NUM, &version), "SG_GET_VERSION_NUM");
	ok(version >= 30000, "it is the third");
	works(ioctl(fd, SG_IO, &h), "INQUIRY");
	is(h.status, 0, "it ended well");
	is(data[0] & 0x1f, 5, "it is a drive for CDs");
	ok(!memcmp(data + 8, "QEMU    ", 8), "its vendor");
	h.cmdp = ready;
	h.dxfer_direction = SG_DXFER_NONE;
	h.dxfer_len = 0;
	works(ioctl(fd, SG_IO, &h), "TEST UNIT READY");
	is(h.status, 0, "it is");
	h.interface_id = 'X';
	fails(ioctl(fd, SG_IO, &h), EINVAL, "an interface that is none");
	close(fd);
	fd = must(open(EMPTY, O_RDONLY | O_NONBLOCK));
	h.interface_id = 'S';
	memset(sense, 0, sizeof(sense));
	works(ioctl(fd, SG_IO, &h), "TEST UNIT READY");
	is(h.status, 2, "it has sense data");
	ok(h.sb_len_wr >= 14 && (sense[2] & 15) == 2 && sense[12] == 0x3a, "no medium");
	close(fd);
}

/* Debug kernels have a file that makes the thread's next request fail, as if nothing answered. */
TEST(no_answer)
{
	unsigned char ready[6] = {0}, sense[32];
	sg_io_hdr_t h = {.interface_id = 'S', .dxfer_direction = SG_DXFER_NONE, .cmd_len = 6,
			 .mx_sb_len = sizeof(sense), .cmdp = ready, .sbp = sense, .timeout = 5000};
	int failing = open("/sys/kernel/debug/fail", O_RDWR), fd;

	if (failing < 0) {
		skip("SG_IO", "nothing can be made to fail");
		return;
	}
	fd = must(open(FULL, O_RDONLY | O_NONBLOCK));
	memset(sense, 0xff, sizeof(sense));
	must(pwrite(failing, "read 1", 6, 0));
	works(ioctl(fd, SG_IO, &h), "SG_IO of what is not answered");
	must(pwrite(failing, "off", 3, 0));
	is(h.status, 2, "CHECK CONDITION");
	is(h.masked_status, 1, "masked");
	is(h.host_status, 0, "nothing of the host");
	is(h.driver_status, 8, "the driver has sense data");
	is(h.info & SG_INFO_OK_MASK, SG_INFO_CHECK, "they are to be looked at");
	is(h.sb_len_wr, 18, "18 bytes of them");
	is(sense[0], 0x70, "in the fixed format");
	is(sense[2], 0xb, "ABORTED COMMAND");
	is(sense[7], 10, "ten more bytes");
	is(sense[18], 0xff, "and no more");
	works(ioctl(fd, SG_IO, &h), "once more");
	is(h.status, 0, "it ends well");
	close(fd);
	close(failing);
}
