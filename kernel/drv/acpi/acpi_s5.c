/*
 * \_S5 (ACPI 6.4, 7.4.2): a package of integers in the DSDT or an SSDT, the first two of which go
 * to the PM1 control registers. It is constant data in all firmware known, so its encoding (20.2)
 * can be looked for without running AML:
 *
 *	NameOp "_S5_" (or "\_S5_")  PackageOp PkgLength NumElements  integer integer …
 *
 * Nothing of this is trusted: each byte is looked at only within the table, and what does not fit
 * is not the package.
 */
#include "drv/acpi/acpi_s5.h"

#include "lib/string.h"

#define AML_NAME    0x08
#define AML_PACKAGE 0x12
#define AML_ZERO    0x00
#define AML_ONE     0x01
#define AML_BYTE    0x0a
#define AML_WORD    0x0b
#define AML_DWORD   0x0c
#define AML_QWORD   0x0e

/* An integer at *at; moves *at past it. */
static bool integer_read(const u8 *aml, size_t end, size_t *at, u8 *value)
{
	size_t bytes;
	u8 op;

	if (*at >= end)
		return false;
	op = aml[(*at)++];
	if (op == AML_ZERO || op == AML_ONE) {
		*value = op;
		return true;
	}
	switch (op) {
	case AML_BYTE: bytes = 1; break;
	case AML_WORD: bytes = 2; break;
	case AML_DWORD: bytes = 4; break;
	case AML_QWORD: bytes = 8; break;
	default: return false;
	}
	if (bytes > end - *at)
		return false;
	*value = aml[*at]; /* the lowest byte is all that the register takes */
	*at += bytes;
	return true;
}

/* The package that begins at `at`, right after the name. */
static bool package_read(const u8 *aml, size_t length, size_t at, u8 *type_a, u8 *type_b)
{
	size_t start, end, more;
	u8 lead, n;

	if (length - at < 4 || aml[at++] != AML_PACKAGE)
		return false;
	start = at;
	lead = aml[at++];
	more = lead >> 6; /* bytes of PkgLength that follow (20.2.4) */
	end = more ? lead & 15 : lead & 63;
	if (more > length - at)
		return false;
	for (size_t i = 0; i < more; i++)
		end |= (size_t)aml[at++] << (4 + 8 * i);
	if (end > length - start)
		return false;
	end += start;
	if (at >= end)
		return false;
	n = aml[at++];
	if (n < 1 || !integer_read(aml, end, &at, type_a))
		return false;
	*type_b = *type_a;
	if (n >= 2 && !integer_read(aml, end, &at, type_b))
		return false;
	return *type_a <= 7 && *type_b <= 7;
}

bool acpi_s5_find(const u8 *aml, size_t length, u8 *type_a, u8 *type_b)
{
	for (size_t i = 1; length >= 8 && i < length - 7; i++) {
		bool named;

		if (aml[i] != '_' || memcmp(aml + i, "_S5_", 4))
			continue;
		named = aml[i - 1] == AML_NAME ||
			(i >= 2 && aml[i - 1] == '\\' && aml[i - 2] == AML_NAME);
		if (named && package_read(aml, length, i + 4, type_a, type_b))
			return true;
	}
	return false;
}
