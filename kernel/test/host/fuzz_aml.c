/*
 * test/host/fuzz_aml.c - throws bytes at the AML machine: as a table whose code they are, every
 * name of which is then evaluated. Whatever they say, it ends within its limits and gives all
 * memory back.
 */
#include "test/host/fuzz.h"

#include "drv/acpi/acpi_resource.h"
#include "test/host/aml_host.h"

static void look_at(struct aml_machine *m, struct aml_object *o)
{
	struct aml_object *element;
	struct acpi_irq irq;
	size_t size;
	u8 *bytes = aml_bytes_of(o, &size);

	if (bytes)
		for (size_t at = 0; acpi_irq_next(bytes, size, &at, &irq);)
			INSIST(irq.n && irq.n <= ACPI_IRQ_MAX && irq.at < size);
	for (unsigned i = 0; i < min(aml_count_of(o), 8u); i++)
		if (!aml_element_of(m, o, i, &element))
			aml_put(m, element);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aml_machine *m;
	struct aml_node *node;
	unsigned n = 0;
	u64 args[2] = { 1, 2 };
	u8 *table = malloc(36 + size);

	memset(table, 0, 36);
	memcpy(table, "DSDT", 4);
	table[8] = size && data[0] & 1 ? 2 : 1;
	memcpy(table + 36, data, size);
	memset(&aml_host, 0, sizeof(aml_host));
	m = aml_create(&aml_host_os, NULL, &aml_host_limits);
	(void)!aml_load(m, table, 36 + size);
	for (node = aml_next(m, NULL); node && n < 50; node = aml_next(m, node), n++) {
		struct aml_object *o;
		struct aml_place place;
		bool host;
		char path[32];

		aml_path(node, path, sizeof(path));
		INSIST(path[0] == '\\');
		if (!aml_evaluate(m, node, args, n % 3, &o)) {
			look_at(m, o);
			aml_put(m, o);
		}
		(void)aml_status(m, node);
		(void)!aml_pci_place(m, node, &place, &host);
	}
	aml_destroy(m);
	INSIST(aml_host.live == 0 && aml_host.locked == 0);
	free(table);
	return 0;
}
