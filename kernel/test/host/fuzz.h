/*
 * test/host/fuzz.h - the frame of the fuzz targets. Include this first; the file then defines
 * LLVMFuzzerTestOneInput, which returns 0.
 */
#ifndef TEST_HOST_FUZZ_H
#define TEST_HOST_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From here on the kernel's meanings hold. */
#undef __always_inline
#include "test/host/rename.h"

#include "lib/string.h"
#include "lib/types.h"

/* A promise of the code under test that must hold whatever the input. */
#define INSIST(promise) \
	do { \
		if (!(promise)) { \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #promise); \
			abort(); \
		} \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
