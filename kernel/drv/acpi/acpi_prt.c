/*
 * How the interrupt pins of PCI functions are routed (ACPI 6.5, 6.2.13): a host bridge, or a bridge
 * on the board, has a table _PRT with an entry per slot and pin. It names a global system
 * interrupt, or an interrupt link: a device that can be told which of several lines to use (_PRS,
 * _CRS, _SRS). The choice is made when the first pin asks for it, and kept.
 *
 * Locks: acpi_lock guards both lists.
 */
#include "drv/acpi/acpi_int.h"

#include "abi/errno.h"
#include "core/log.h"
#include "dev/pci.h"
#include "drv/acpi/acpi_resource.h"
#include "lib/string.h"
#include "mm/slab.h"

#define LINK_ENABLED BIT(1) /* of _STA */
#define BRIDGE_SECONDARY 0x19

struct routed_bus {
	struct routed_bus *next;
	struct aml_node *prt;
	u16 segment;
	u8 bus;
};

struct routed_link {
	struct routed_link *next;
	struct aml_node *link;
	struct pci_route route;
};

static struct routed_bus *buses;
static struct routed_link *links;

/* The first interrupt descriptor in the template that the method answers: the buffer, which is the
 * caller's, or NULL. */
static struct aml_object *link_template(struct aml_node *link, const char *method,
					struct acpi_irq *irq)
{
	struct aml_node *node = aml_find(acpi_aml, link, method);
	struct aml_object *o;
	size_t size, at = 0;
	u8 *bytes;

	if (!node || aml_evaluate(acpi_aml, node, NULL, 0, &o))
		return NULL;
	bytes = aml_bytes_of(o, &size);
	if (bytes && aml_object_type(o) == AML_BUFFER && acpi_irq_next(bytes, size, &at, irq))
		return o;
	aml_put(acpi_aml, o);
	return NULL;
}

static bool irq_offers(const struct acpi_irq *irq, u32 number)
{
	for (unsigned i = 0; i < irq->n; i++)
		if (irq->number[i] == number)
			return true;
	return false;
}

/* Of what is offered, the line that the fewest links use. */
static u32 choose(const struct acpi_irq *offered)
{
	unsigned least = ~0u;
	u32 best = offered->number[0];

	for (unsigned i = 0; i < offered->n; i++) {
		unsigned users = 0;

		for (const struct routed_link *l = links; l; l = l->next)
			users += l->route.gsi == offered->number[i];
		if (users < least) {
			least = users;
			best = offered->number[i];
		}
	}
	return best;
}

/* Tells the link to use that line; its template is one that the link has given us. */
static int link_set(struct aml_node *link, struct aml_object *template, size_t at, u32 number)
{
	struct aml_node *srs = aml_find(acpi_aml, link, "_SRS");
	struct aml_object *wanted;
	size_t size;
	u8 *bytes = aml_bytes_of(template, &size);
	int err;

	if (!srs)
		return -ENODEV;
	size = acpi_irq_choose(bytes, size, at, number);
	if (!size)
		return -EINVAL;
	err = aml_buffer_make(acpi_aml, bytes, size, &wanted);
	if (err)
		return err;
	err = aml_evaluate_with(acpi_aml, srs, wanted);
	aml_put(acpi_aml, wanted);
	return err;
}

/* Finds out, or decides, what line a link uses. */
static int link_route(struct aml_node *link, struct pci_route *route)
{
	struct acpi_irq now, offered;
	struct aml_object *current = link_template(link, "_CRS", &now);
	struct aml_object *possible = link_template(link, "_PRS", &offered);
	u32 number;
	int err = 0;

	if (!current && !possible)
		return -ENODEV;
	if (current && now.number[0] && aml_status(acpi_aml, link) & LINK_ENABLED &&
	    (!possible || irq_offers(&offered, now.number[0]))) {
		number = now.number[0];
	} else if (possible) {
		number = choose(&offered);
		err = current ? link_set(link, current, now.at, number)
			      : link_set(link, possible, offered.at, number);
	} else {
		number = now.number[0];
		err = number ? 0 : -ENODEV;
	}
	route->gsi = number;
	route->level = possible ? offered.level : now.level;
	route->low = possible ? offered.low : now.low;
	aml_put(acpi_aml, current);
	aml_put(acpi_aml, possible);
	return err;
}

static int link_find(struct aml_node *link, struct pci_route *route)
{
	struct routed_link *l;
	char path[48];
	int err;

	for (l = links; l; l = l->next) {
		if (l->link == link) {
			*route = l->route;
			return 0;
		}
	}
	err = link_route(link, route);
	aml_path(link, path, sizeof(path));
	if (err) {
		log_warn("acpi: the interrupt link %s has no line (%d)", path, err);
		return err;
	}
	log_info("acpi: %s uses line %u", path, route->gsi);
	l = kzalloc(sizeof(*l), MM_KERNEL);
	if (l) { /* without: asked again, and the link answers the same */
		l->link = link;
		l->route = *route;
		l->next = links;
		links = l;
	}
	return 0;
}

/* An element of an entry as an integer; false if it is none. */
static bool entry_integer(struct aml_object *entry, unsigned n, u64 *v)
{
	struct aml_object *o;
	bool ok;

	if (aml_element_of(acpi_aml, entry, n, &o))
		return false;
	ok = !aml_integer_of(o, v);
	aml_put(acpi_aml, o);
	return ok;
}

/* The link that an entry names, by reference or by path; NULL: none. */
static struct aml_node *entry_link(struct aml_object *entry, struct aml_node *prt)
{
	struct aml_node *link = NULL;
	struct aml_object *o;
	size_t size;
	u8 *text;

	if (aml_element_of(acpi_aml, entry, 2, &o))
		return NULL;
	text = aml_bytes_of(o, &size);
	if (text && aml_object_type(o) == AML_STRING)
		for (struct aml_node *n = aml_parent(prt); n && !link; n = aml_parent(n))
			link = aml_find(acpi_aml, n, (const char *)text);
	else
		link = aml_node_of(o);
	aml_put(acpi_aml, o);
	return link;
}

/* Whether the entry is of that pin; then where it leads, or an error in *err. */
static bool entry_matches(struct aml_object *entry, struct aml_node *prt, u8 slot, unsigned pin,
			  struct pci_route *route, int *err)
{
	u64 address, entry_pin, index = 0;
	struct aml_node *link;

	if (!entry_integer(entry, 0, &address) || !entry_integer(entry, 1, &entry_pin) ||
	    (address >> 16 & 0xffff) != slot || entry_pin != pin)
		return false;
	link = entry_link(entry, prt);
	if (link) {
		*err = link_find(link, route);
		return true;
	}
	*err = entry_integer(entry, 3, &index) && index <= 0xffff ? 0 : -ENODEV;
	*route = (struct pci_route){ .gsi = (unsigned)index, .level = true, .low = true };
	return true;
}

static int prt_lookup(struct aml_node *prt, u8 slot, unsigned pin, struct pci_route *route)
{
	struct aml_object *table, *entry;
	int err = aml_evaluate(acpi_aml, prt, NULL, 0, &table);
	bool found = false;

	if (err)
		return err;
	for (unsigned i = 0; i < aml_count_of(table) && !found; i++) {
		if (aml_element_of(acpi_aml, table, i, &entry))
			continue;
		found = entry_matches(entry, prt, slot, pin, route, &err);
		aml_put(acpi_aml, entry);
	}
	aml_put(acpi_aml, table);
	return found ? err : -ENODEV;
}

/* dev/'s question. */
static int route_pin(u16 segment, u8 bus, u8 slot, unsigned pin, struct pci_route *route)
{
	int err = -ENOENT;

	mutex_lock(&acpi_lock);
	for (struct routed_bus *b = buses; b; b = b->next)
		if (b->segment == segment && b->bus == bus)
			err = prt_lookup(b->prt, slot, pin, route);
	mutex_unlock(&acpi_lock);
	return err;
}

static void add_bus(struct aml_node *device, struct aml_node *prt)
{
	struct aml_place place;
	struct routed_bus *b;
	bool host;

	if (!(aml_status(acpi_aml, device) & 1) || aml_pci_place(acpi_aml, device, &place, &host))
		return;
	if (!host) { /* the bus behind a bridge */
		struct pci_device bridge = {
			.segment = place.segment, .bus = place.bus, .slot = place.slot,
			.function = place.function,
		};

		place.bus = pci_read8(&bridge, BRIDGE_SECONDARY);
		if (place.bus == 0 || place.bus == 0xff)
			return;
	}
	b = kzalloc(sizeof(*b), MM_KERNEL);
	if (!b)
		return;
	b->prt = prt;
	b->segment = place.segment;
	b->bus = place.bus;
	b->next = buses;
	buses = b;
}

void acpi_prt_init(void)
{
	struct aml_node *n, *prt;

	if (!acpi_aml)
		return;
	mutex_lock(&acpi_lock);
	for (n = aml_next(acpi_aml, NULL); n; n = aml_next(acpi_aml, n)) {
		prt = aml_node_type(n) == AML_DEVICE ? aml_find(acpi_aml, n, "_PRT") : NULL;
		if (prt)
			add_bus(n, prt);
	}
	mutex_unlock(&acpi_lock);
	if (buses)
		pci_set_router(route_pin);
	else
		log_info("acpi: no _PRT");
}
