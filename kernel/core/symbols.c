/*
 * The kernel's symbol table: function addresses in ascending order, as offsets from symbols_base,
 * and their names in one string of NUL-terminated pieces. core/gen-symbols makes it from the linked
 * image, which is then linked again with it; the table lies behind the text, so text does not move.
 */
#include "core/symbols.h"

extern const u64 symbols_base;
extern const u32 symbols_count;
extern const u32 symbols_offsets[]; /* symbols_count of them, then the end of text */
extern const u32 symbols_names[];   /* places in symbols_strings */
extern const char symbols_strings[];

const char *symbol_find_sized(u64 address, u64 *offset, u64 *size)
{
	u32 lo = 0, hi = symbols_count;

	if (hi == 0 || address < symbols_base + symbols_offsets[0] ||
	    address >= symbols_base + symbols_offsets[hi])
		return NULL;
	while (hi - lo > 1) {
		u32 mid = lo + (hi - lo) / 2;

		if (symbols_base + symbols_offsets[mid] <= address)
			lo = mid;
		else
			hi = mid;
	}
	if (offset)
		*offset = address - (symbols_base + symbols_offsets[lo]);
	if (size)
		*size = symbols_offsets[lo + 1] - symbols_offsets[lo];
	return symbols_strings + symbols_names[lo];
}

const char *symbol_find(u64 address, u64 *offset)
{
	return symbol_find_sized(address, offset, NULL);
}

void symbol_each(void (*fn)(u64 address, const char *name, void *arg), void *arg)
{
	for (u32 i = 0; i < symbols_count; i++)
		fn(symbols_base + symbols_offsets[i], symbols_strings + symbols_names[i], arg);
}
