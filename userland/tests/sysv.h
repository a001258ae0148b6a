/* What the tests of System V shared memory, semaphores and message queues have in common. */
#ifndef SYSV_H
#define SYSV_H

#include "tap.h"
#include <sys/ipc.h>

enum { PAGE = 4096 };

static inline key_t some_key(void)
{
	return 0x5ce00000 | (getpid() & 0xfffff);
}

/* The line of an identifier in /proc/sysvipc/NAME. */
static inline const char *proc_line(const char *name, int id)
{
	static char line[300];
	char path[40];
	FILE *f;
	int key, got;

	snprintf(path, sizeof(path), "/proc/sysvipc/%s", name);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %d", &key, &got) == 2 && got == id) {
			fclose(f);
			return line;
		}
	if (f)
		fclose(f);
	return "";
}

static inline bool begins(const char *path, const char *text)
{
	return strncmp(tap_read(path), text, strlen(text)) == 0;
}

static inline void on_signal(int signal)
{
	(void)signal;
}

#endif
