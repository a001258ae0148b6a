/*
 * The AML machine on byte code that iasl made of the files in aml/, on the tables of QEMU's
 * machines if they could be had, and on what is damaged.
 */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "drv/acpi/aml.h"
#include "lib/format.h"
#include "test/host/aml_host.h"

static u8 *table;
static size_t table_size;

/* A machine with one table, named below build/…/aml; NULL if there is no such file. */
static struct aml_machine *machine_with(const char *name)
{
	struct aml_machine *m;
	char path[200];

	snprintf(path, sizeof(path), "%s/%s.aml", getenv("AML_TABLES") ?: "build/host/aml", name);
	memset(&aml_host, 0, sizeof(aml_host));
	table = unit_read_file(path, &table_size);
	if (!table)
		return NULL;
	m = aml_create(&aml_host_os, NULL, &aml_host_limits);
	CHECK(m);
	CHECK_EQ(aml_load(m, table, table_size), 0);
	CHECK_STR(aml_host.said, "");
	return m;
}

static void machine_end(struct aml_machine *m)
{
	aml_destroy(m);
	CHECK_EQ(aml_host.live, 0);
	CHECK_EQ(aml_host.locked, 0);
	free(table);
}

static bool has_number(const struct aml_node *n, char letter)
{
	const char *name = aml_name(n);

	return name[0] == letter && name[1] >= '0' && name[1] <= '9' && name[3] >= '0';
}

TEST(asl_values)
{
	struct aml_machine *m = machine_with("values");
	unsigned n = 0;

	CHECK(m);
	for (struct aml_node *t = aml_next(m, NULL); m && t; t = aml_next(m, t)) {
		u64 v = ~0ull;

		if (!has_number(t, 'T'))
			continue;
		n++;
		CHECK_EQ(aml_integer_at(m, t, "", &v), 0);
		if (v)
			unit_fail(__FILE__, __LINE__, "%.4s: check %" PRIu64, aml_name(t), v);
		CHECK_STR(aml_host.n_wrong ? aml_host.said : "", "");
	}
	CHECK_EQ(n, 10);
	CHECK_EQ(aml_host.n_notified, 2);
	CHECK_EQ(aml_host.notified, 0x82);
	CHECK_EQ(aml_host.slept_us, 5010 + 10000);
	CHECK_STR(aml_host.said, "debug: said");
	machine_end(m);
}

/* The memory that the fields of T007 left: each write in its place and of its width. */
TEST(asl_fields_in_memory)
{
	static const u8 want[] = { 0x5a, 0xbc, 0x8a, 0xaa };
	struct aml_machine *m = machine_with("values");
	u64 v;

	CHECK_EQ(aml_integer_at(m, NULL, "\\T007", &v), 0);
	CHECK(!memcmp(aml_host.memory, want, sizeof(want)));
	CHECK_EQ(aml_host.memory[0x20], 0x12);
	CHECK_EQ(aml_host.memory[0x21], 0xff);
	CHECK_EQ(aml_host.memory[0x24], 0x50);
	CHECK_EQ(aml_host.memory[0x25], 0x34);
	CHECK_EQ(aml_host.memory[0x30], 3);
	CHECK_EQ(aml_host.memory[0x31], 0x77);
	CHECK_EQ(aml_host.cmos[0x10], 0xef);
	CHECK_EQ(aml_host.cmos[0x11], 0xbe);
	CHECK_EQ(aml_host.cmos[0x12], 0xc0);
	machine_end(m);
}

TEST(asl_refused)
{
	static const struct { const char *name, *why; } refused[] = {
		{ "W001", "more than 20000 steps" }, { "W002", "deep" },
		{ "W003", "division by zero" }, { "W004", "Local0 has no value" },
		{ "W005", "Index 2" }, { "W006", "access type Buffer" },
		{ "W007", "1 bytes at 0x2 of a region of 0x2" }, { "W008", "2097152 bytes" },
		{ "W009", "ms of sleep" }, { "W010", "for ever" }, { "W011", "not held" },
		{ "W012", "bytes of data" }, { "W013", "nested more than 16" },
		{ "W014", "at 0x90000000 (SystemMemory) is not possible" },
		{ "W015", "type 1, code 0x2, 0x3" },
	};
	struct aml_machine *m = machine_with("wrong");
	struct aml_object *o;
	u64 v;

	for (unsigned i = 0; i < ARRAY_SIZE(refused); i++) {
		struct aml_node *n = aml_find(m, NULL, refused[i].name);
		char where[20];

		CHECK(n && aml_evaluate(m, n, NULL, 0, &o) < 0);
		snprintf(where, sizeof(where), " in \\%s: ", refused[i].name);
		if (!strstr(aml_host.said, refused[i].why) || !strstr(aml_host.said, where) ||
		    strncmp(aml_host.said, "DSDT+0x", 7))
			unit_fail(__FILE__, __LINE__, "%s: %s", refused[i].name, aml_host.said);
	}
	/* And it goes on. */
	CHECK_EQ(aml_integer_at(m, NULL, "T001", &v), 0);
	CHECK_EQ(v, 0);
	machine_end(m);
}

TEST(unknown_opcode)
{
	u8 code[36 + 16] = "DSDT\0\0\0\0\2";
	struct aml_machine *m = aml_create(&aml_host_os, NULL, &aml_host_limits);
	u64 v;

	memset(&aml_host, 0, sizeof(aml_host));
	aml_host.live = 0;
	memcpy(code + 36, "\x08" "AAAA\x01" "\x5b\x20" "\x08" "BBBB\x01", 14);
	CHECK_EQ(aml_load(m, code, 36 + 14), -EOPNOTSUPP);
	CHECK_STR(aml_host.said, "DSDT+0x2a in \\: opcode 0x5b20 (Load) is not understood");
	CHECK_EQ(aml_integer_at(m, NULL, "AAAA", &v), 0);
	CHECK_EQ(aml_integer_at(m, NULL, "BBBB", &v), -ENOENT);
	CHECK_EQ(aml_load(m, code, 10), -EINVAL);
	aml_destroy(m);
}

/* Every allocation fails once: an error, and nothing is lost. */
TEST(no_memory)
{
	u8 *bytes;
	size_t size;
	char path[200];

	snprintf(path, sizeof(path), "%s/values.aml", getenv("AML_TABLES") ?: "build/host/aml");
	bytes = unit_read_file(path, &size);
	for (unsigned n = 1; n < 3000; n += 1 + n / 50) {
		struct aml_machine *m;
		u64 v;

		memset(&aml_host, 0, sizeof(aml_host));
		aml_host.fail_at = n;
		m = aml_create(&aml_host_os, NULL, &aml_host_limits);
		if (!m)
			continue;
		if (aml_load(m, bytes, size) == 0)
			for (unsigned t = 1; t < 10; t++) {
				char name[8];

				snprintf(name, sizeof(name), "T%03u", t);
				if (aml_integer_at(m, NULL, name, &v))
					break;
			}
		aml_destroy(m);
		CHECK_EQ(aml_host.live, 0);
	}
	free(bytes);
}

/* The routing of QEMU's pc: _PRT, its links, _CRS and _SRS. */
static unsigned routes(struct aml_machine *m)
{
	struct aml_node *prt = aml_find(m, NULL, "\\_SB.PCI0._PRT"), *link;
	struct aml_object *table_of, *entry, *source, *o;
	unsigned n;

	CHECK(prt && !aml_evaluate(m, prt, NULL, 0, &table_of));
	n = aml_count_of(table_of);
	for (unsigned i = 0; i < n; i++) {
		CHECK(!aml_element_of(m, table_of, i, &entry));
		CHECK_EQ(aml_count_of(entry), 4);
		CHECK(!aml_element_of(m, entry, 2, &source));
		link = aml_node_of(source);
		CHECK(link && aml_is_a(m, link, "PNP0C0F"));
		CHECK(!aml_evaluate(m, aml_find(m, link, "_PRS"), NULL, 0, &o));
		aml_put(m, o);
		aml_put(m, source);
		aml_put(m, entry);
	}
	aml_put(m, table_of);
	return n;
}

TEST(qemu_machines)
{
	static const char *const names[] = { "q35-DSDT", "pc-DSDT" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		struct aml_machine *m = machine_with(names[i]);
		struct aml_object *o;
		u64 pic = 1, v;

		if (!m)
			continue; /* no QEMU here */
		if (aml_find(m, NULL, "_PIC"))
			CHECK_EQ(aml_evaluate(m, aml_find(m, NULL, "_PIC"), &pic, 1, &o), 0);
		CHECK_EQ(routes(m), 128);
		CHECK(!aml_evaluate(m, aml_find(m, NULL, "_S5"), NULL, 0, &o));
		CHECK_EQ(aml_count_of(o), 4);
		aml_put(m, o);
		CHECK(aml_is_a(m, aml_find(m, NULL, "\\_SB.PCI0"), "PNP0A03"));
		CHECK_EQ(aml_integer_at(m, NULL, "\\_SB.PCI0._ADR", &v), 0);
		machine_end(m);
	}
}

/* Bytes changed at random: it ends, and nothing is lost. */
TEST(damaged)
{
	struct aml_machine *m = machine_with("values");
	u8 *copy;

	machine_end(m);
	m = machine_with("values");
	copy = malloc(table_size);
	for (unsigned round = 0; round < 400; round++) {
		struct aml_machine *bad = aml_create(&aml_host_os, NULL, &aml_host_limits);
		unsigned n = 0;

		memcpy(copy, table, table_size);
		for (unsigned i = 0; i <= round % 8; i++)
			copy[36 + unit_below(table_size - 36)] = (u8)unit_rand();
		(void)aml_load(bad, copy, table_size);
		for (struct aml_node *t = aml_next(bad, NULL); t && n < 200; n++) {
			struct aml_object *o;

			if (!aml_evaluate(bad, t, NULL, 0, &o))
				aml_put(bad, o);
			t = aml_next(bad, t);
		}
		aml_destroy(bad);
	}
	free(copy);
	machine_end(m);
}
