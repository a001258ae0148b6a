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

/* The options that /proc/mounts has of what was last mounted on m, each between commas. */
static inline const char *loop_shown(void)
{
	static char options[300];
	char here[300], *line, *next, *at;

	must(getcwd(here, sizeof(here) - 4) ? 0 : -1);
	strcat(here, "/m ");
	options[0] = 0;
	for (line = (char *)tap_read("/proc/mounts"); *line; line = next) {
		next = strchr(line, '\n') + 1;
		next[-1] = 0;
		at = strstr(line, here);
		if (!at)
			continue;
		at = strchr(at + strlen(here), ' ') + 1;
		snprintf(options, sizeof(options), ",%.*s,", (int)strcspn(at, " "), at);
	}
	return options;
}

/* Writes that the device has finished. */
static inline long loop_writes(void)
{
	char *at = strstr((char *)tap_read("/proc/diskstats"), device + 5);
	long n = -1;

	if (at)
		sscanf(at, "%*s %*d %*d %*d %*d %ld", &n);
	return n;
}

/* It is not mounted any more. */
static inline void loop_end(void)
{
	int fd = must(open(device, O_RDWR));

	must(ioctl(fd, LOOP_CLR_FD));
	close(fd);
}

#endif
