/* Devices in the namespace: what they are (_HID, _CID), whether they are there (_STA), and where on
 * PCI (_ADR, _BBN, _SEG; ACPI 6.5, 6.1, 6.3.7, 6.5.5, 6.5.6). */
#include "drv/acpi/aml_int.h"

#define STATUS_ALL 0xf
#define BRIDGES_MAX 16

enum { PCI_HEADER_TYPE = 0x0e, PCI_SECONDARY_BUS = 0x19 };

/* A compressed identifier (19.3.4): three letters of 5 bits, four hexadecimal digits. */
static void eisa_text(u64 id, char text[8])
{
	static const char digits[] = "0123456789ABCDEF";
	u32 v = __builtin_bswap32((u32)id);

	for (unsigned i = 0; i < 3; i++)
		text[i] = (char)('@' + (v >> (26 - 5 * i) & 31));
	for (unsigned i = 0; i < 4; i++)
		text[3 + i] = digits[v >> (12 - 4 * i) & 15];
	text[7] = 0;
}

static bool id_is(struct aml_object *o, const char *id)
{
	char text[8];
	size_t n;
	u64 v;

	if (!aml_integer_of(o, &v)) {
		eisa_text(v, text);
		return !strcmp(text, id);
	}
	return aml_object_type(o) == AML_STRING &&
	       !strcmp((const char *)aml_bytes_of(o, &n), id);
}

static bool ids_have(struct aml_machine *m, struct aml_node *device, const char *path,
		     const char *id)
{
	struct aml_node *node = aml_find(m, device, path);
	struct aml_object *o, *one;
	bool found;

	if (!node || aml_evaluate(m, node, NULL, 0, &o))
		return false;
	found = id_is(o, id);
	for (unsigned i = 0; !found && i < aml_count_of(o); i++) {
		if (aml_element_of(m, o, i, &one))
			continue;
		found = id_is(one, id);
		aml_put(m, one);
	}
	aml_put(m, o);
	return found;
}

bool aml_is_a(struct aml_machine *m, struct aml_node *device, const char *id)
{
	return aml_node_type(device) == AML_DEVICE &&
	       (ids_have(m, device, "_HID", id) || ids_have(m, device, "_CID", id));
}

u32 aml_status(struct aml_machine *m, struct aml_node *device)
{
	u64 v;
	int err = aml_integer_at(m, device, "_STA", &v);

	return err == -ABI_ENOENT ? STATUS_ALL : err ? 0 : (u32)v;
}

static bool is_host_bridge(struct aml_machine *m, struct aml_node *device)
{
	return aml_is_a(m, device, "PNP0A03") || aml_is_a(m, device, "PNP0A08");
}

/* From a bridge to the bus behind it. */
static int bridge_cross(struct aml_machine *m, struct aml_place *place)
{
	u64 type, bus;

	place->space = AML_SPACE_PCI;
	place->address = PCI_HEADER_TYPE;
	if (m->os->read(m->arg, place, 8, &type) || (type & 0x7f) != 1)
		return -ENODEV;
	place->address = PCI_SECONDARY_BUS;
	if (m->os->read(m->arg, place, 8, &bus) || bus <= place->bus)
		return -ENODEV;
	place->bus = (u8)bus;
	place->address = 0;
	return 0;
}

int aml_pci_place(struct aml_machine *m, struct aml_node *device, struct aml_place *place,
		  bool *host)
{
	u64 addresses[BRIDGES_MAX], v;
	unsigned n = 0;

	for (; device && !is_host_bridge(m, device); device = device->parent) {
		if (aml_node_type(device) != AML_DEVICE || !aml_find(m, device, "_ADR"))
			continue;
		if (n == BRIDGES_MAX || aml_integer_at(m, device, "_ADR", &addresses[n++]))
			return -ENODEV;
	}
	if (!device)
		return -ENODEV;
	*place = (struct aml_place){ .space = AML_SPACE_PCI };
	if (!aml_integer_at(m, device, "_BBN", &v))
		place->bus = (u8)v;
	if (!aml_integer_at(m, device, "_SEG", &v))
		place->segment = (u16)v;
	*host = n == 0;
	while (n--) {
		place->slot = addresses[n] >> 16 & 31;
		place->function = addresses[n] & 7;
		if (n && bridge_cross(m, place))
			return -ENODEV;
	}
	return 0;
}
