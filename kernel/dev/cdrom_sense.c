/* What a CD-ROM drive's reason means for who wanted to read. Pure. */
#include "dev/cdrom.h"

#include "abi/errno.h"
#include "dev/cdrom_commands.h"

int cdrom_read_error(const u8 sense[18])
{
	switch (SENSE_KEY(sense)) {
	case SENSE_NOT_READY:
		return SENSE_CODE(sense) == SENSE_NO_MEDIUM ? -ENOMEDIUM : -EIO;
	case SENSE_ATTENTION:
		return SENSE_CODE(sense) == SENSE_MEDIUM_CHANGED ? -ENOMEDIUM : 0;
	case SENSE_NONE:
	case SENSE_RECOVERED:
	case SENSE_ABORTED:
		return 0;
	default:
		return -EIO;
	}
}
