/* The checks of the firmware's static tables, on QEMU's own, and on what is cut or changed. */
#include "test/host/unit.h"

#include "arch/x86_64/acpi_check_int.h"
#include "drv/acpi/acpi_fadt.h"
#include "lib/format.h"

static void *table_read(const char *name, size_t *size)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s.aml", getenv("AML_TABLES") ?: "build/host/aml", name);
	return unit_read_file(path, size);
}

static void sum_set(void *p, size_t n, size_t at)
{
	u8 *bytes = p, sum = 0;

	bytes[at] = 0;
	for (size_t i = 0; i < n; i++)
		sum += bytes[i];
	bytes[at] = (u8)-sum;
}

TEST(root_pointers)
{
	struct rsdp r = { .signature = "RSD PTR ", .rsdt = 0x1000 };

	CHECK(!acpi_rsdp_ok(&r, sizeof(r)));
	sum_set(&r, RSDP_V1_LENGTH, offsetof(struct rsdp, checksum));
	CHECK(acpi_rsdp_ok(&r, RSDP_V1_LENGTH));
	r.revision = 2;
	r.length = sizeof(r);
	sum_set(&r, RSDP_V1_LENGTH, offsetof(struct rsdp, checksum));
	CHECK(!acpi_rsdp_ok(&r, sizeof(r)));
	sum_set(&r, sizeof(r), offsetof(struct rsdp, extended_checksum));
	CHECK(acpi_rsdp_ok(&r, sizeof(r)));
	CHECK(!acpi_rsdp_ok(&r, RSDP_V1_LENGTH));
	r.length = sizeof(r) + 1;
	sum_set(&r, sizeof(r), offsetof(struct rsdp, extended_checksum));
	CHECK(!acpi_rsdp_ok(&r, sizeof(r)));
	r.length = 0;
	sum_set(&r, sizeof(r), offsetof(struct rsdp, extended_checksum));
	CHECK(!acpi_rsdp_ok(&r, sizeof(r)));
}

TEST(root_tables)
{
	struct { struct acpi_header h; u8 entries[20]; } __packed t = { .h.length = 36 + 17 };
	u64 a = 0;

	memset(t.entries, 0x11, 8);
	CHECK(acpi_root_entry(&t.h, 8, 1, &a) && !acpi_root_entry(&t.h, 8, 2, &a));
	CHECK(acpi_root_entry(&t.h, 4, 3, &a) && !acpi_root_entry(&t.h, 4, 4, &a));
	CHECK(acpi_root_entry(&t.h, 4, 1, &a) && a == 0x11111111);
	t.h.length = 36;
	CHECK(!acpi_root_entry(&t.h, 4, 0, &a));
	t.h.length = 35;
	CHECK(!acpi_length_ok(&t.h));
	t.h.length = ~0u;
	CHECK(!acpi_length_ok(&t.h));
}

/* Types 0, 1, 2 with their lengths on both machines; and any damage ends the walk in the table. */
TEST(madt_entries)
{
	static const u8 lengths[] = { 8, 12, 10 };
	const struct acpi_entry *e;
	struct acpi_header *t;
	unsigned n = 0;
	u32 at = 44;
	size_t size;

	t = table_read("q35-APIC", &size);
	if (!t)
		return; /* no QEMU here */
	CHECK(size == t->length && acpi_length_ok(t) && acpi_sum_ok(t, size));
	for (; (e = acpi_entry_next(t, &at)); n++)
		CHECK(e->type > 2 || e->length == lengths[e->type]);
	CHECK(n > 5 && at == size);
	for (unsigned round = 0; round < 20000; round++) {
		u8 *copy = malloc(size), old;
		size_t where = 44 + unit_below(size - 44);

		memcpy(copy, t, size);
		old = copy[where];
		copy[where] = (u8)unit_rand();
		CHECK(copy[where] == old || !acpi_sum_ok(copy, size));
		for (at = 44; (e = acpi_entry_next((void *)copy, &at));)
			CHECK(e->length >= 2 && at <= size);
		free(copy);
	}
	free(t);
}

TEST(fadt_of_machines)
{
	static const char *const names[] = { "q35-FACP", "pc-FACP" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		struct acpi_fixed f;
		size_t size;
		struct acpi_header *t = table_read(names[i], &size);

		if (!t)
			continue;
		CHECK(acpi_fadt_dsdt(t, false) || acpi_fadt_dsdt(t, true));
		CHECK(acpi_fadt_parse(t, size, &f) && f.sci == 9 && f.pm1_control[0].address);
		CHECK(!(f.flags & FADT_POWER_BUTTON_IS_DEVICE) && f.gpe_bytes[0]);
		t->length = 60;
		CHECK(!acpi_fadt_dsdt(t, true) && !acpi_fadt_parse(t, 60, &f));
		free(t);
	}
}
