/*
 * test/host/aml_host.h - a world for the AML machine: 64 bytes of memory at 0x1000, an index and a
 * data port at 0x70, PCI configuration space of two functions, and what was said and notified.
 */
#ifndef TEST_HOST_AML_HOST_H
#define TEST_HOST_AML_HOST_H

#include "drv/acpi/aml.h"

#define AML_HOST_MEMORY 0x1000

struct aml_host {
	u8 memory[64], cmos[256], index;
	u8 config[256];              /* of 00:01.0 */
	u8 link[4];                  /* ports 0x60 … of any value */
	char said[512];              /* the last failure */
	unsigned n_wrong, n_notified;
	u64 notified;                /* the last value */
	u64 slept_us;
	s64 live;                    /* blocks of memory */
	u64 fail_at;                 /* the allocation that fails, counted down; 0: none */
	int locked;
};

extern struct aml_host aml_host;
extern const struct aml_os aml_host_os;
extern const struct aml_limits aml_host_limits;

#endif
