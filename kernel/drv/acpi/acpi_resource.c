/*
 * A resource template is a row of descriptors: small ones with a length of up to 7 bytes in their
 * tag, large ones with a length of 16 bits, and an end tag. Two of them are interrupts: the small
 * IRQ descriptor (6.4.2.1) with a mask of ISA lines, and the large extended interrupt descriptor
 * (6.4.3.6) with a list of global system interrupts.
 */
#include "drv/acpi/acpi_resource.h"

#include "lib/string.h"

enum {
	SMALL_IRQ = 0x04,      /* bits 3 to 6 of the tag */
	SMALL_END = 0x0f,
	LARGE_INTERRUPT = 0x89,
	END_TAG = 0x79,

	IRQ_EDGE = 1 << 0,     /* in the third byte of a small one, where there is one */
	IRQ_LOW = 1 << 3,

	INTERRUPT_EDGE = 1 << 1, /* in the flags of a large one */
	INTERRUPT_LOW = 1 << 2,
	INTERRUPT_FLAGS = 3,
	INTERRUPT_COUNT = 4,
	INTERRUPT_LIST = 5,
};

/* The length of the descriptor at `at`, its head included; 0 if it is not whole. */
static size_t descriptor_size(const u8 *bytes, size_t size, size_t at)
{
	size_t n;

	if (!(bytes[at] & 0x80))
		n = 1 + (size_t)(bytes[at] & 7);
	else if (size - at < 3)
		return 0;
	else
		n = 3 + (size_t)(bytes[at + 1] | bytes[at + 2] << 8);
	return n <= size - at ? n : 0;
}

static bool small_irq(const u8 *d, size_t n, struct acpi_irq *irq)
{
	u32 mask;

	if (n < 3)
		return false;
	mask = (u32)(d[1] | d[2] << 8);
	irq->level = n > 3 && !(d[3] & IRQ_EDGE);
	irq->low = n > 3 && d[3] & IRQ_LOW;
	for (u32 i = 0; i < 16; i++)
		if (mask >> i & 1)
			irq->number[irq->n++] = i;
	return irq->n > 0;
}

static bool large_irq(const u8 *d, size_t n, struct acpi_irq *irq)
{
	if (n < INTERRUPT_LIST || n < INTERRUPT_LIST + d[INTERRUPT_COUNT] * 4u)
		return false;
	irq->level = !(d[INTERRUPT_FLAGS] & INTERRUPT_EDGE);
	irq->low = d[INTERRUPT_FLAGS] & INTERRUPT_LOW;
	for (; irq->n < min((unsigned)d[INTERRUPT_COUNT], (unsigned)ACPI_IRQ_MAX); irq->n++)
		memcpy(&irq->number[irq->n], d + INTERRUPT_LIST + 4 * irq->n, 4);
	return irq->n > 0;
}

bool acpi_irq_next(const u8 *bytes, size_t size, size_t *at, struct acpi_irq *irq)
{
	while (*at < size) {
		size_t here = *at, n = descriptor_size(bytes, size, here);
		const u8 *d = bytes + here;

		if (!n || (!(d[0] & 0x80) && d[0] >> 3 == SMALL_END))
			return false;
		*at += n;
		*irq = (struct acpi_irq){ .at = here };
		if (d[0] >> 3 == SMALL_IRQ ? small_irq(d, n, irq)
					   : d[0] == LARGE_INTERRUPT && large_irq(d, n, irq))
			return true;
	}
	return false;
}

size_t acpi_irq_choose(u8 *bytes, size_t size, size_t at, u32 number)
{
	size_t n = at < size ? descriptor_size(bytes, size, at) : 0, rest;
	u8 *d = bytes + at;

	if (!n)
		return 0;
	if (d[0] >> 3 == SMALL_IRQ && n >= 3) {
		if (number > 15)
			return 0;
		d[1] = (u8)(1u << number);
		d[2] = (u8)(1u << number >> 8);
	} else if (d[0] == LARGE_INTERRUPT && n >= INTERRUPT_LIST + 4) {
		d[INTERRUPT_COUNT] = 1;
		memcpy(d + INTERRUPT_LIST, &number, 4);
		rest = size - at - n; /* what follows moves up */
		memmove(d + INTERRUPT_LIST + 4, d + n, rest);
		size -= n - (INTERRUPT_LIST + 4);
		d[1] = INTERRUPT_LIST + 4 - 3;
		d[2] = 0;
	} else {
		return 0;
	}
	if (size >= 2 && bytes[size - 2] == END_TAG)
		bytes[size - 1] = 0; /* a checksum of 0 is none (6.4.2.9) */
	return size;
}
