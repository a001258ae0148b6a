/* Finding the value that switches the machine off. Pure. */
#pragma once

#include "lib/types.h"

/* Looks for the package \_S5 in AML bytes: true and its first two elements, the sleep types for
 * PM1a and PM1b (0 … 7). */
bool acpi_s5_find(const u8 *aml, size_t length, u8 *type_a, u8 *type_b);
