/* What the exec rows run: a static program that says one line. */
#include <unistd.h>

int main(void)
{
	return write(1, "hello\n", 6) != 6;
}
