/*
 * fs/ext/ext_hash.c - hashes of names in indexed directories.
 *
 * Three functions exist: "legacy", a multiplicative one; half MD4, the default; and TEA, the block
 * cipher of Wheeler and Needham run as a hash. Each exists twice, since the first implementers
 * widened characters with the sign that their machine gave to `char`; the superblock says which.
 */
#include "fs/ext/ext_hash.h"

#include "lib/bitops.h"
#include "lib/string.h"

#define HASH_EOF	0x7fffffffu	/* no name may have this hash (shifted): it ends a
					 * directory */

static inline u32 widen(char c, bool is_unsigned)
{
	return is_unsigned ? (u32)(u8)c : (u32)(s32)(s8)c;
}

static u32 hash_legacy(const char *name, u32 length, bool is_unsigned)
{
	u32 h0 = 0x12a3fe2d, h1 = 0x37abe8f9;

	for (u32 i = 0; i < length; i++) {
		u32 h = h1 + (h0 ^ widen(name[i], is_unsigned) * 7152373u);

		if (h & 0x80000000u)
			h -= 0x7fffffffu;
		h1 = h0;
		h0 = h;
	}
	return h0 << 1;
}

/* Four characters as one word, each added with its sign. */
static inline u32 pack_word(const char *p, bool is_unsigned)
{
	return (widen(p[0], is_unsigned) << 24) + (widen(p[1], is_unsigned) << 16) +
	       (widen(p[2], is_unsigned) << 8) + widen(p[3], is_unsigned);
}

/* Packs up to n words of the name, filled up with its length in each byte. */
static void pack_name(const char *p, u32 length, u32 *words, u32 n, bool is_unsigned)
{
	u32 pad = length | length << 8, whole = length / 4, i;

	pad |= pad << 16;
	if (whole >= n) {
		for (i = 0; i < n; i++)
			words[i] = pack_word(p + 4 * i, is_unsigned);
		return;
	}
	for (i = 0; i < whole; i++)
		words[i] = pack_word(p + 4 * i, is_unsigned);
	words[i] = pad;
	for (u32 k = 4 * whole; k < length; k++)
		words[i] = widen(p[k], is_unsigned) + (words[i] << 8);
	while (++i < n)
		words[i] = pad;
}

static inline u32 md4_f(u32 x, u32 y, u32 z) { return z ^ (x & (y ^ z)); }
static inline u32 md4_g(u32 x, u32 y, u32 z) { return (x & y) + ((x ^ y) & z); }
static inline u32 md4_h(u32 x, u32 y, u32 z) { return x ^ y ^ z; }

#define MD4_STEP(f, a, b, c, d, x, s)	((a) = rol32((a) + f(b, c, d) + (x), s))
#define MD4_FOUR(f, w, x, y, z, s0, s1, s2, s3) do { \
	MD4_STEP(f, a, b, c, d, w, s0); \
	MD4_STEP(f, d, a, b, c, x, s1); \
	MD4_STEP(f, c, d, a, b, y, s2); \
	MD4_STEP(f, b, c, d, a, z, s3); } while (0)

/* MD4 (RFC 1320) with half of the input words and of the steps. */
static void half_md4(u32 state[4], const u32 in[8])
{
	const u32 k2 = 0x5a827999, k3 = 0x6ed9eba1;
	u32 a = state[0], b = state[1], c = state[2], d = state[3];

	MD4_FOUR(md4_f, in[0], in[1], in[2], in[3], 3, 7, 11, 19);
	MD4_FOUR(md4_f, in[4], in[5], in[6], in[7], 3, 7, 11, 19);
	MD4_FOUR(md4_g, in[1] + k2, in[3] + k2, in[5] + k2, in[7] + k2, 3, 5, 9, 13);
	MD4_FOUR(md4_g, in[0] + k2, in[2] + k2, in[4] + k2, in[6] + k2, 3, 5, 9, 13);
	MD4_FOUR(md4_h, in[3] + k3, in[7] + k3, in[2] + k3, in[6] + k3, 3, 9, 11, 15);
	MD4_FOUR(md4_h, in[1] + k3, in[5] + k3, in[0] + k3, in[4] + k3, 3, 9, 11, 15);
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

static void tea(u32 state[4], const u32 in[4])
{
	u32 sum = 0, b0 = state[0], b1 = state[1];

	for (unsigned i = 0; i < 16; i++) {
		sum += 0x9e3779b9;
		b0 += ((b1 << 4) + in[0]) ^ (b1 + sum) ^ ((b1 >> 5) + in[1]);
		b1 += ((b0 << 4) + in[2]) ^ (b0 + sum) ^ ((b0 >> 5) + in[3]);
	}
	state[0] += b0;
	state[1] += b1;
}

bool ext_hash_name(u8 version, const u32 seed[4], const char *name, u32 length,
		   struct ext_name_hash *out)
{
	bool is_unsigned = version >= EXT_HASH_LEGACY_UNSIGNED;
	u32 state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 }, in[8];
	u32 major;

	if (seed[0] | seed[1] | seed[2] | seed[3])
		memcpy(state, seed, sizeof(state));
	out->minor = 0;
	switch (version) {
	case EXT_HASH_LEGACY:
	case EXT_HASH_LEGACY_UNSIGNED:
		major = hash_legacy(name, length, is_unsigned);
		break;
	case EXT_HASH_HALF_MD4:
	case EXT_HASH_HALF_MD4_UNSIGNED:
		for (u32 done = 0; done < length; done += 32) {
			pack_name(name + done, length - done, in, 8, is_unsigned);
			half_md4(state, in);
		}
		major = state[1];
		out->minor = state[2];
		break;
	case EXT_HASH_TEA:
	case EXT_HASH_TEA_UNSIGNED:
		for (u32 done = 0; done < length; done += 16) {
			pack_name(name + done, length - done, in, 4, is_unsigned);
			tea(state, in);
		}
		major = state[0];
		out->minor = state[1];
		break;
	default:
		return false;
	}
	major &= ~1u;
	if (major == HASH_EOF << 1)
		major = (HASH_EOF - 1) << 1;
	out->major = major;
	return true;
}
