/*
 * lib/hash.c - hashing bytes.
 */
#include "lib/hash.h"

#include "lib/bitops.h"
#include "lib/string.h"

/* A fixed-size memcpy is one load: alignment does not matter on this machine. */
static inline u64 load64(const u8 *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

/* The last n < 8 bytes as one word, lowest first. */
static inline u64 load_tail(const u8 *p, size_t n)
{
	u64 v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

u64 hash_bytes(const void *data, size_t len, u64 seed)
{
	const u8 *p = data;
	u64 h = seed ^ len * 0x9e3779b97f4a7c15ULL;

	for (; len >= 8; p += 8, len -= 8)
		h = hash_mix(h, load64(p));
	if (len)
		h = hash_mix(h, load_tail(p, len));
	return hash_mix(h, h >> 29);
}

u64 hash_string(const char *s, u64 seed)
{
	return hash_bytes(s, strlen(s), seed);
}

struct sip {
	u64 v0, v1, v2, v3;
};

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rol64(s->v1, 13) ^ s->v0;
	s->v0 = rol64(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rol64(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rol64(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rol64(s->v1, 17) ^ s->v2;
	s->v2 = rol64(s->v2, 32);
}

static inline struct sip sip_start(const u64 key[2])
{
	return (struct sip){
		.v0 = key[0] ^ 0x736f6d6570736575ULL,
		.v1 = key[1] ^ 0x646f72616e646f6dULL,
		.v2 = key[0] ^ 0x6c7967656e657261ULL,
		.v3 = key[1] ^ 0x7465646279746573ULL,
	};
}

static inline void sip_word(struct sip *s, u64 m)
{
	s->v3 ^= m;
	sip_round(s);
	sip_round(s);
	s->v0 ^= m;
}

static inline u64 sip_end(struct sip *s)
{
	s->v2 ^= 0xff;
	for (unsigned i = 0; i < 4; i++)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

u64 siphash(const void *data, size_t len, const u64 key[2])
{
	struct sip s = sip_start(key);
	const u8 *p = data;
	size_t left;

	for (left = len; left >= 8; p += 8, left -= 8)
		sip_word(&s, load64(p));
	sip_word(&s, (u64)len << 56 | load_tail(p, left));
	return sip_end(&s);
}

u64 siphash_2u64(u64 a, u64 b, const u64 key[2])
{
	struct sip s = sip_start(key);

	sip_word(&s, a);
	sip_word(&s, b);
	sip_word(&s, (u64)16 << 56);
	return sip_end(&s);
}
