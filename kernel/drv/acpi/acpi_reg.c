/* Registers of the fixed hardware (ACPI 6.5, 4.8): at a port on all PCs, in memory on some. */
#include "drv/acpi/acpi_int.h"

#include "arch/io.h"
#include "arch/mmu.h"
#include "mm/kmap.h"

void acpi_reg_open(struct acpi_reg *r, const struct acpi_address *address, unsigned offset,
		   unsigned bytes)
{
	*r = (struct acpi_reg){ 0 };
	if (!address->address)
		return;
	if (address->space == AML_SPACE_IO && address->address + offset + bytes <= 0x10000)
		r->port = (u16)(address->address + offset);
	else if (address->space == AML_SPACE_MEMORY)
		r->memory = ioremap(address->address + offset, bytes, MMU_NOCACHE);
}

u8 acpi_reg_read8(const struct acpi_reg *r, unsigned offset)
{
	if (r->memory)
		return mmio_read8((char *)r->memory + offset);
	return r->port ? io_in8((u16)(r->port + offset)) : 0;
}

void acpi_reg_write8(const struct acpi_reg *r, unsigned offset, u8 v)
{
	if (r->memory)
		mmio_write8((char *)r->memory + offset, v);
	else if (r->port)
		io_out8((u16)(r->port + offset), v);
}

u16 acpi_reg_read16(const struct acpi_reg *r)
{
	if (r->memory)
		return mmio_read16(r->memory);
	return r->port ? io_in16(r->port) : 0;
}

void acpi_reg_write16(const struct acpi_reg *r, u16 v)
{
	if (r->memory)
		mmio_write16(r->memory, v);
	else if (r->port)
		io_out16(r->port, v);
}
