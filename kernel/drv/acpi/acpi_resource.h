/* Resource templates (ACPI 6.5, 6.4): the interrupts in _CRS and _PRS. Pure. */
#pragma once

#include "lib/types.h"

#define ACPI_IRQ_MAX 16

/* One interrupt descriptor. */
struct acpi_irq {
	u32 number[ACPI_IRQ_MAX]; /* those to choose from; n at least 1 */
	unsigned n;
	bool level, low;
	size_t at;                /* where it is in the template */
};

/* The descriptor at or after *at: true, and *at moves behind it. */
bool acpi_irq_next(const u8 *bytes, size_t size, size_t *at, struct acpi_irq *irq);
/* Makes the descriptor at `at` say `number` alone: how many bytes the template now has, 0 if it
 * cannot hold that. */
size_t acpi_irq_choose(u8 *bytes, size_t size, size_t at, u32 number);
