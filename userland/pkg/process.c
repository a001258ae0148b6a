/* Other programs at work for pkg: unpackers, wget, minisign, mount. */
#include "pkg.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Start a program found on PATH with these as standard input and output (-1: /dev/null), and no
 * other files. quiet: what it says on standard error is thrown away.
 */
pid_t start(const char *const *arguments, int in, int out, bool quiet)
{
	pid_t child = fork();

	if (child < 0)
		fail("%s: %s", arguments[0], strerror(errno));
	if (child)
		return child;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(in < 0 ? null : in, 0) < 0 || dup2(out < 0 ? null : out, 1) < 0 ||
	    (quiet && dup2(null, 2) < 0))
		_exit(126);
	execvp(arguments[0], (char *const *)arguments);
	dprintf(2, "pkg: %s: %s\n", arguments[0], strerror(errno));
	_exit(127);
}

/* Wait for a child; whether its status was 0. */
bool ended_well(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Run a program; what it printed, up to `limit` bytes, and whether it ended well: 0, else -1. */
int command(const char *const *arguments, struct buffer *output, size_t limit, bool quiet)
{
	char data[4096];
	ssize_t count;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		fail("pipe: %s", strerror(errno));
	child = start(arguments, -1, ends[1], quiet);
	close(ends[1]);
	while ((count = read(ends[0], data, sizeof(data))) > 0 && output->length < limit)
		buffer_add(output, data, count);
	close(ends[0]);
	return ended_well(child) ? 0 : -1;
}
