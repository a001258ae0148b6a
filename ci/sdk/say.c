#include <greet.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef HAVE_ERROR_H
#error "error.h is the build machine's: musl has none"
#endif

int main(void)
{
	char *text = greet(WHO);

	if (!text || puts(text) < 0)
		return 1;
	free(text);
	return 0;
}
