/* The map of keys: accents, strings of function keys as terminfo's `linux` lists them. */
#include "tty/vt_keymap.h"

#include "lib/string.h"
#include "lib/utf8.h"

/* Marks by KT_DEAD's values: those that keymaps(5) files name in their `compose` lines. */
static const char marks[KT_DEAD_COUNT + 1] = "`'^~\",_U.*=cki#o!?+-)(:n;$@";

/* For each mark letters, and what becomes of them. */
static const struct { char mark; const char *letters, *results; } usual[] = {
	{ '`', "AEIOUaeiouNn", "ÀÈÌÒÙàèìòùǸǹ" },
	{ '\'', "AEIOUYaeiouyCcLlNnRrSsZzΑΕΗΙΟΥΩαεηιουω",
	  "ÁÉÍÓÚÝáéíóúýĆćĹĺŃńŔŕŚśŹźΆΈΉΊΌΎΏάέήίόύώ" },
	{ '^', "AEIOUaeiouCcGgHhJjSsWwYy", "ÂÊÎÔÛâêîôûĈĉĜĝĤĥĴĵŜŝŴŵŶŷ" },
	{ '~', "ANOanoIiUu", "ÃÑÕãñõĨĩŨũ" },
	{ '"', "AEIOUaeiouyYΙΥιυ", "ÄËÏÖÜäëïöüÿŸΪΫϊϋ" },
	{ ',', "CcGgKkLlNnRrSsTt", "ÇçĢģĶķĻļŅņŖŗŞşŢţ" },
	{ ';', "SsTt", "ȘșȚț" },
	{ '_', "AaEeIiOoUu", "ĀāĒēĪīŌōŪū" },
	{ 'U', "AaGgUu", "ĂăĞğŬŭ" },
	{ '.', "CcEeGgIiZz", "ĊċĖėĠġİıŻż" },
	{ '*', "AaUu", "ÅåŮů" },
	{ '=', "OoUu", "ŐőŰű" },
	{ 'c', "CcDdEeLlNnRrSsTtZz", "ČčĎďĚěĽľŇňŘřŠšŤťŽž" },
	{ 'k', "AaEeIiUu", "ĄąĘęĮįŲų" },
	{ '-', "DdLlHhTt", "ĐđŁłĦħŦŧ" },
	/* without a dead key, for Compose */
	{ 'A', "EA", "ÆÅ" }, { 'a', "ea", "æå" }, { 'O', "EC", "Œ©" }, { 'o', "e", "œ" },
	{ '/', "OoLl", "ØøŁł" }, { 's', "s", "ß" }, { 't', "h", "þ" }, { 'T', "H", "Þ" },
	{ '<', "<", "«" }, { '>', ">", "»" }, { '!', "!", "¡" }, { '?', "?", "¿" },
	{ '=', "eEL", "€€£" }, { 'C', "=", "€" }, { 'L', "-", "£" },
};

static const char *const functions[] = {
	"\033[[A", "\033[[B", "\033[[C", "\033[[D", "\033[[E", "\033[17~", "\033[18~", "\033[19~",
	"\033[20~", "\033[21~", "\033[23~", "\033[24~", "\033[25~", "\033[26~", "\033[28~",
	"\033[29~", "\033[31~", "\033[32~", "\033[33~", "\033[34~",
	[FN_FIND] = "\033[1~", [FN_INSERT] = "\033[2~", [FN_REMOVE] = "\033[3~",
	[FN_SELECT] = "\033[4~", [FN_PAGE_UP] = "\033[5~", [FN_PAGE_DOWN] = "\033[6~",
	[FN_MACRO] = "\033[M", [FN_HELP] = "", [FN_DO] = "", [FN_PAUSE] = "\033[P",
	[255] = "\033[Z", /* back tab: the US map's */
};

void vt_keymap_accents(struct vt_keymap *map)
{
	map->n_accents = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(usual); i++) {
		const char *from = usual[i].letters, *to = usual[i].results;

		while (*from) {
			struct vt_accent *a = &map->accents[map->n_accents++];

			a->mark = (u8)usual[i].mark;
			from += utf8_decode(from, strlen(from), &a->base);
			to += utf8_decode(to, strlen(to), &a->result);
		}
	}
}

const char *vt_keymap_function(const struct vt_keymap *map, unsigned n)
{
	if (map->function[n])
		return map->function[n];
	return n < ARRAY_SIZE(functions) && functions[n] ? functions[n] : "";
}

u32 vt_keymap_accent(const struct vt_keymap *map, u32 mark, u32 base)
{
	for (unsigned i = 0; i < map->n_accents; i++)
		if (map->accents[i].mark == mark && map->accents[i].base == base)
			return map->accents[i].result;
	return 0;
}

u32 vt_keymap_mark(unsigned dead)
{
	return dead < KT_DEAD_COUNT ? (u8)marks[dead] : 0;
}

bool vt_keysym_is_valid(u16 keysym, bool unicode)
{
	static const u16 count[KT_TYPES] = {
		[KT_LATIN] = 256, [KT_FN] = VT_FUNCTIONS, [KT_SPEC] = SPEC_COUNT,
		[KT_PAD] = PAD_COUNT, [KT_DEAD] = KT_DEAD_COUNT, [KT_CONS] = 256,
		[KT_CUR] = CUR_COUNT, [KT_SHIFT] = KG_COUNT, [KT_META] = 256,
		[KT_ASCII] = KT_ASCII_COUNT, [KT_LOCK] = KG_CAPSSHIFT, [KT_LETTER] = 256,
		[KT_SLOCK] = KG_CAPSSHIFT, [KT_DEAD2] = 256,
	};

	if (KTYP(keysym) >= KT_TYPES)
		return unicode;
	return KVAL(keysym) < count[KTYP(keysym)];
}
