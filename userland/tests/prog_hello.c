/* What test_exec runs in every way a program can be linked: checks that its start went well, exits
 * with 42. */
#include <stdio.h>
#include <string.h>

static int initialised = 40;
static __thread int in_thread = 2;

int main(int argc, char **argv)
{
	char text[32];

	snprintf(text, sizeof(text), "%s, %s", argv[0], argc > 1 ? argv[1] : "");
	return strcmp(text, "hello, you") ? 1 : initialised + in_thread;
}
