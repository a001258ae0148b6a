/*
 * lib/chacha.c - the ChaCha20 block function (RFC 8439, 2.1 to 2.3).
 */
#include "lib/chacha.h"

#include "lib/bitops.h"
#include "lib/string.h"

void chacha20_init(u32 state[CHACHA_STATE_WORDS], const u32 key[CHACHA_KEY_WORDS],
		   const u32 nonce[3], u32 counter)
{
	/* "expand 32-byte k" */
	state[0] = 0x61707865;
	state[1] = 0x3320646e;
	state[2] = 0x79622d32;
	state[3] = 0x6b206574;
	memcpy(state + 4, key, CHACHA_KEY_WORDS * sizeof(u32));
	state[12] = counter;
	memcpy(state + 13, nonce, 3 * sizeof(u32));
}

static inline void quarter_round(u32 *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
	x[a] += x[b];
	x[d] = rol32(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rol32(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rol32(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rol32(x[b] ^ x[c], 7);
}

void chacha20_block(u32 state[CHACHA_STATE_WORDS], u8 out[CHACHA_BLOCK_BYTES])
{
	u32 x[CHACHA_STATE_WORDS];

	memcpy(x, state, sizeof(x));
	for (unsigned i = 0; i < 10; i++) {
		quarter_round(x, 0, 4, 8, 12);
		quarter_round(x, 1, 5, 9, 13);
		quarter_round(x, 2, 6, 10, 14);
		quarter_round(x, 3, 7, 11, 15);
		quarter_round(x, 0, 5, 10, 15);
		quarter_round(x, 1, 6, 11, 12);
		quarter_round(x, 2, 7, 8, 13);
		quarter_round(x, 3, 4, 9, 14);
	}
	for (unsigned i = 0; i < CHACHA_STATE_WORDS; i++)
		x[i] += state[i];
	memcpy(out, x, sizeof(x));
	state[12]++;
}
