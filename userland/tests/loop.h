/*
 * A file system in the file `image`, on a loop device, to be mounted at `m`.
 */
#ifndef LOOP_H
#define LOOP_H

#include "tap.h"
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

static char device[32];

/* A device of the file that is there. */
static inline void loop_bind(const char *image)
{
	int file = must(open(image, O_RDWR)), fd, control;

	control = must(open("/dev/loop-control", O_RDWR));
	sprintf(device, "/dev/loop%d", (int)must(ioctl(control, LOOP_CTL_GET_FREE)));
	close(control);
	fd = must(open(device, O_RDWR));
	must(ioctl(fd, LOOP_SET_FD, file));
	close(fd);
	close(file);
}

/* Makes it, of so many MiB. */
static inline void loop_make(const char *mkfs, int size)
{
	char command[300];

	close(must(open("image", O_RDWR | O_CREAT | O_TRUNC, 0600)));
	must(truncate("image", (off_t)size << 20));
	loop_bind("image");
	snprintf(command, sizeof(command), "%s %s >/dev/null 2>&1", mkfs, device);
	must(system(command) ? -1 : 0);
	mkdir("m", 0700);
}

/* It is not mounted any more. */
static inline void loop_end(void)
{
	int fd = must(open(device, O_RDWR));

	must(ioctl(fd, LOOP_CLR_FD));
	close(fd);
}

#endif
