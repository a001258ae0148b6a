/*
 * Random numbers. The whole state is one ChaCha20 key. Each refill runs the cipher under it, makes
 * the first 32 bytes of the stream the next key and hands out the rest, so that what was handed out
 * cannot be computed from the state afterwards (fast key erasure). Entropy is mixed in by XOR into
 * the key, followed by a refill.
 *
 * Sources: at boot the processor's generator, how long reads of a device take, the boot loader's
 * data and the battery clock; later what devices say (dev/hwrng.h), when they interrupt
 * (dev/irq.c), and what user space mixes in.
 */
#include "arch/boot.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "core/log.h"
#include "core/random.h"
#include "core/spinlock.h"
#include "lib/chacha.h"
#include "lib/string.h"

#define KEY_BYTES    (CHACHA_KEY_WORDS * 4)
#define BATCH_BLOCKS 8
#define JITTER_READS 512
#define BATCH_BYTES  (BATCH_BLOCKS * CHACHA_BLOCK_BYTES)

/* Taken in interrupts too; a leaf, so its rank is the highest. */
static struct spinlock lock = SPINLOCK_INIT(RANK_LOG, "random");
static u32 key[CHACHA_KEY_WORDS];        /* lock */
static u8 batch[BATCH_BYTES];            /* lock: key stream not handed out yet, from `used` on */
static unsigned used = BATCH_BYTES;      /* lock */

/* Key stream of `n_blocks` blocks under k. */
static void stream(const u32 k[CHACHA_KEY_WORDS], u8 *out, unsigned n_blocks)
{
	static const u32 nonce[3];
	u32 state[CHACHA_STATE_WORDS];

	chacha20_init(state, k, nonce, 0);
	for (unsigned i = 0; i < n_blocks; i++)
		chacha20_block(state, out + i * CHACHA_BLOCK_BYTES);
	memzero_explicit(state, sizeof(state));
}

static void refill_locked(void)
{
	stream(key, batch, BATCH_BLOCKS);
	memcpy(key, batch, KEY_BYTES);
	memset(batch, 0, KEY_BYTES);
	used = KEY_BYTES;
}

/* Takes n <= BATCH_BYTES - KEY_BYTES bytes from the batch and erases them there. */
static void take_locked(void *out, size_t n)
{
	if (n > BATCH_BYTES - used)
		refill_locked();
	memcpy(out, batch + used, n);
	memset(batch + used, 0, n);
	used += n;
}

/* A long request has a key of its own, and runs unlocked. */
static void long_bytes(u8 *out, size_t n)
{
	static const u32 nonce[3];
	u32 own_key[CHACHA_KEY_WORDS], state[CHACHA_STATE_WORDS];
	u8 block[CHACHA_BLOCK_BYTES];
	u64 flags = spin_lock_irq(&lock);

	take_locked(own_key, sizeof(own_key));
	spin_unlock_irq(&lock, flags);
	chacha20_init(state, own_key, nonce, 0);
	while (n) {
		size_t part = min(n, sizeof(block));

		chacha20_block(state, block);
		memcpy(out, block, part);
		out += part;
		n -= part;
	}
	memzero_explicit(own_key, sizeof(own_key));
	memzero_explicit(state, sizeof(state));
	memzero_explicit(block, sizeof(block));
}

void random_bytes(void *out, size_t n)
{
	u64 flags;

	if (n > CHACHA_BLOCK_BYTES) {
		long_bytes(out, n);
		return;
	}
	flags = spin_lock_irq(&lock);
	take_locked(out, n);
	spin_unlock_irq(&lock, flags);
}

u64 random_u64(void)
{
	u64 v;

	random_bytes(&v, sizeof(v));
	return v;
}

u64 random_below(u64 limit)
{
	u64 threshold = -limit % limit, v;

	/* Below 2^64 mod limit lie the values that would favour small results. */
	do {
		v = random_u64();
	} while (v < threshold);
	return v % limit;
}

static void mix_locked(const void *data, size_t n)
{
	const u8 *p = data;

	while (n) {
		size_t part = min(n, (size_t)KEY_BYTES);

		for (size_t i = 0; i < part; i++)
			((u8 *)key)[i] ^= p[i];
		refill_locked();
		p += part;
		n -= part;
	}
}

void random_mix(const void *data, size_t n)
{
	u64 flags = spin_lock_irq(&lock), cycles = cpu_cycles();

	mix_locked(&cycles, sizeof(cycles));
	mix_locked(data, n);
	spin_unlock_irq(&lock, flags);
}

/*
 * Mixes in how many cycles each of a row of reads takes, of a device with a clock of its own:
 * how many of them were none of the four lengths seen last.
 */
static unsigned mix_jitter(void)
{
	u64 taken[64], seen[4] = { 0 };
	unsigned fresh = 0;

	for (unsigned i = 0; i < JITTER_READS; i++) {
		u64 cycles = arch_jitter();

		taken[i % ARRAY_SIZE(taken)] = cycles;
		fresh += cycles != seen[0] && cycles != seen[1] && cycles != seen[2] &&
			 cycles != seen[3];
		seen[i % ARRAY_SIZE(seen)] = cycles;
		if (i % ARRAY_SIZE(taken) == ARRAY_SIZE(taken) - 1)
			random_mix(taken, sizeof(taken));
	}
	return fresh;
}

void random_init(void)
{
	unsigned from_cpu = 0;
	u64 seed[8];

	for (unsigned i = 0; i < ARRAY_SIZE(seed); i++) {
		if (cpu_random(&seed[i]))
			from_cpu++;
		else
			seed[i] = 0;
		seed[i] += cpu_cycles();
	}
	random_mix(seed, sizeof(seed));
	random_mix(&boot_info, sizeof(boot_info));
	seed[0] = arch_rtc_read();
	random_mix(seed, sizeof(seed[0]));
	memzero_explicit(seed, sizeof(seed));
	/* One bit of each is little to ask. */
	if (mix_jitter() < KEY_BYTES * 8 && from_cpu < ARRAY_SIZE(seed))
		log_warn("random: the processor has no generator, and the machine is too regular "
			 "to be one: numbers may be foretold");
}
