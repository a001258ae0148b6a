/*
 * Operation regions (ACPI 6.5, 5.5.2.4): where fields are. System memory, ports and PCI
 * configuration space go to the world (struct aml_os); the others need drivers that do not exist
 * here, and say so when they are touched.
 */
#include "drv/acpi/aml_int.h"

static const char *space_name(unsigned space)
{
	static const char *const names[] = {
		"SystemMemory", "SystemIO", "PCI_Config", "EmbeddedControl", "SMBus", "SystemCMOS",
		"PciBarTarget", "IPMI", "GeneralPurposeIO", "GenericSerialBus", "PCC",
	};

	return space < ARRAY_SIZE(names) ? names[space] : "of an unknown address space";
}

/* The function whose configuration space this is: found once. */
static int place_pci(struct aml_machine *m, struct aml_region *r)
{
	bool host;

	if (r->placed)
		return 0;
	if (aml_pci_place(m, r->node, &r->place, &host))
		return aml_fail(m, -ENODEV, "the PCI function of a region is not known");
	r->placed = true;
	return 0;
}

int aml_region_access(struct aml_machine *m, struct aml_object *region, u64 offset, unsigned bytes,
		      bool write, u64 *v)
{
	struct aml_region *r = &region->region;
	struct aml_place place = { 0 };
	int err;

	if (r->space > AML_SPACE_PCI)
		return aml_fail(m, -EOPNOTSUPP, "regions %s are not understood (space %u)",
				space_name(r->space), r->space);
	if (offset >= r->length || bytes > r->length - offset)
		return aml_fail(m, -EINVAL, "%u bytes at %#llx of a region of %#llx", bytes,
				(unsigned long long)offset, (unsigned long long)r->length);
	if (r->space == AML_SPACE_PCI) {
		if (place_pci(m, r))
			return m->err;
		place = r->place;
	}
	place.space = r->space;
	if (add_overflow(r->base, offset, &place.address))
		return aml_fail(m, -EINVAL, "a region beyond the end of addresses");
	if (write)
		err = m->os->write(m->arg, &place, bytes * 8, *v);
	else
		err = m->os->read(m->arg, &place, bytes * 8, v);
	if (err)
		return aml_fail(m, err, "%s of %u bytes at %#llx (%s) is not possible",
				write ? "a write" : "a read", bytes,
				(unsigned long long)place.address, space_name(r->space));
	if (!write && bytes < 8)
		*v &= (1ull << (bytes * 8)) - 1;
	return 0;
}
