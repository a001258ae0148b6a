/*
 * vfs/super_log.c - what file systems say of themselves in the log.
 */
#include "vfs/super.h"

#include "dev/blk.h"

void super_log(const struct superblock *sb, enum log_level level, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_emit(level, "%s (%s): %s", sb->type->name, sb->dev->name, text);
}
