/* Checksums, hashes and ChaCha20 against published values. */
#include "test/host/unit.h"

#include "lib/chacha.h"
#include "lib/crc.h"
#include "lib/hash.h"

static const char check[] = "123456789";

/* Bit by bit, from the definition. */
static u64 slow_crc(u64 crc, u64 poly, const u8 *p, size_t n)
{
	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? poly : 0);
	}
	return crc;
}

TEST(crc_check_values)
{
	CHECK_EQ(crc32(check, 9), 0xcbf43926);
	CHECK_EQ((u32)~crc32c_update(~0u, check, 9), 0xe3069283);
	CHECK_EQ(crc16_update(0, check, 9), 0xbb3d);
	CHECK_EQ(crc32("", 0), 0);
}

TEST(crc_tables)
{
	u8 all[256];

	for (int i = 0; i < 256; i++)
		all[i] = (u8)(i * 7);
	for (int i = 0; i < 256; i++) {
		u8 b = (u8)i;

		CHECK_EQ(crc32_update(0, &b, 1), slow_crc(0, 0xedb88320, &b, 1));
		CHECK_EQ(crc32c_update(0, &b, 1), slow_crc(0, 0x82f63b78, &b, 1));
		CHECK_EQ(crc16_update(0, &b, 1), slow_crc(0, 0xa001, &b, 1));
	}
	CHECK_EQ(crc32c_update(crc32c_update(~0u, all, 100), all + 100, 156),
		 crc32c_update(~0u, all, 256));
}

/* Long and short, beginning and ending anywhere. */
TEST(crc_of_any_length)
{
	u8 bytes[400];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)unit_rand();
	for (unsigned i = 0; i < 500; i++) {
		unsigned from = (unsigned)unit_below(16);
		size_t n = unit_below(sizeof(bytes) - from);
		u32 crc = (u32)unit_rand();

		CHECK_EQ(crc32c_update(crc, bytes + from, n),
			 slow_crc(crc, 0x82f63b78, bytes + from, n));
		CHECK_EQ(crc32_update(crc, bytes + from, n),
			 slow_crc(crc, 0xedb88320, bytes + from, n));
	}
}

/* The first and the last of the vectors in the authors' reference implementation. */
TEST(siphash_vectors)
{
	u64 key[2] = { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL };
	u8 in[64];
	u64 words[2];

	for (u8 i = 0; i < 64; i++)
		in[i] = i;
	CHECK_EQ(siphash(in, 0, key), 0x726fdb47dd0e0e31ULL);
	CHECK_EQ(siphash(in, 15, key), 0xa129ca6149be45e5ULL);
	CHECK_EQ(siphash(in, 63, key), 0x958a324ceb064572ULL);
	memcpy(words, in, sizeof(words));
	CHECK_EQ(siphash_2u64(words[0], words[1], key), siphash(in, 16, key));
}

TEST(hash_depends_on_everything)
{
	char *exact = malloc(13);

	memcpy(exact, "hello, world!", 13);
	CHECK_EQ(hash_bytes(exact, 13, 1), hash_string("hello, world!", 1));
	CHECK(hash_bytes(exact, 13, 1) != hash_bytes(exact, 13, 2));
	CHECK(hash_bytes(exact, 13, 1) != hash_bytes(exact, 12, 1));
	CHECK(hash_bytes("\0", 1, 0) != hash_bytes("", 0, 0));
	CHECK(hash_u64(1, 10) < 1024 && hash_u64(1, 10) != hash_u64(2, 10));
	free(exact);
}

/* Names that differ little must spread over the buckets of a table. */
TEST(hash_spreads)
{
	static unsigned buckets[1024];
	unsigned most = 0;
	char name[32];

	memset(buckets, 0, sizeof(buckets));
	for (int i = 0; i < 4096; i++) {
		sprintf(name, "file%05d.txt", i);
		buckets[hash_string(name, 0) & 1023]++;
	}
	for (int i = 0; i < 1024; i++)
		most = max(most, buckets[i]);
	CHECK(most < 20);
}

/* RFC 8439, 2.3.2 */
TEST(chacha20_vector)
{
	static const u8 want[64] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20,
		0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22, 0xaa, 0x9a,
		0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa, 0x09, 0x14, 0xc2,
		0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16, 0x4e, 0xb9,
		0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
	};
	u32 nonce[3] = { 0x09000000, 0x4a000000, 0 };
	u32 key[8], state[16];
	u8 out[64];

	for (u32 i = 0; i < 8; i++)
		key[i] = 0x03020100 + i * 0x04040404;
	chacha20_init(state, key, nonce, 1);
	chacha20_block(state, out);
	CHECK(memcmp(out, want, 64) == 0);
	CHECK_EQ(state[12], 2);
}
