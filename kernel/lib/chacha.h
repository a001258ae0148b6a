/*
 * lib/chacha.h - the ChaCha20 block function (RFC 8439, 2.3).
 */
#ifndef LIB_CHACHA_H
#define LIB_CHACHA_H

#include "lib/types.h"

enum {
	CHACHA_KEY_WORDS = 8,
	CHACHA_STATE_WORDS = 16,
	CHACHA_BLOCK_BYTES = 64,
};

/* state[0..3] the constants, [4..11] the key, [12] the block counter, [13..15] the nonce. */
void chacha20_init(u32 state[CHACHA_STATE_WORDS], const u32 key[CHACHA_KEY_WORDS],
		   const u32 nonce[3], u32 counter);

/* One block of key stream into out; the counter state[12] goes up by one. */
void chacha20_block(u32 state[CHACHA_STATE_WORDS], u8 out[CHACHA_BLOCK_BYTES]);

#endif
