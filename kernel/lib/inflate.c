/*
 * lib/inflate.c - deflate streams, as RFC 1951 describes them: blocks that are stored, or coded
 * with a fixed or a given pair of Huffman codes, of literals and of copies of what came before.
 *
 * A code is kept in the canonical way (section 3.2.2): how many codes there are of each length, and
 * the symbols in order of their codes, which is enough to decode bit by bit; codes of up to nine
 * bits are found by a table at once. Bits are taken from a 64-bit reservoir; where the input ends
 * zeros would follow, and a check whether more was taken than there was ends that.
 */
#include "lib/inflate.h"

#include "abi/errno.h"
#include "lib/crc.h"
#include "lib/string.h"

#define MAX_BITS       15
#define END_OF_BLOCK   256
#define N_LENGTHS      29
#define N_DISTANCES    30
#define N_CODE_LENGTHS 19

/* Copies: the smallest length or distance of a symbol, and how many bits more say the rest
 * (section 3.2.5). */
static const u16 length_base[N_LENGTHS] = {
	3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
	131, 163, 195, 227, 258,
};
static const u8 length_bits[N_LENGTHS] = {
	0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
};
static const u16 distance_base[N_DISTANCES] = {
	1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
	2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
};
static const u8 distance_bits[N_DISTANCES] = {
	0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12,
	13, 13,
};

/* Fills the reservoir to at least 48 bits, or with all there is. */
static void refill(struct inflate *s)
{
	while (s->n_bits <= 56 && s->in < s->in_end) {
		s->bits |= (u64)*s->in++ << s->n_bits;
		s->n_bits += 8;
	}
}

/* The next n <= 32 bits, or -ENODATA. */
static s64 take(struct inflate *s, unsigned n)
{
	u64 value;

	if (s->n_bits < n) {
		refill(s);
		if (s->n_bits < n)
			return -ENODATA;
	}
	value = s->bits & ((1ull << n) - 1);
	s->bits >>= n;
	s->n_bits -= n;
	return (s64)value;
}

static unsigned reverse(unsigned code, unsigned n)
{
	unsigned r = 0;

	while (n--) {
		r = r << 1 | (code & 1);
		code >>= 1;
	}
	return r;
}

/*
 * Makes a code from the lengths of its symbols' codes (0: the symbol does not occur): 0, or -EINVAL
 * if there are more codes than bits, or fewer, but for a code of one symbol or none.
 */
static int code_make(struct inflate_code *c, const u8 *lengths, unsigned n)
{
	unsigned next[MAX_BITS + 1], code = 0, offset[MAX_BITS + 1], used;
	int left = 1;

	memset(c, 0, sizeof(*c));
	for (unsigned i = 0; i < n; i++)
		c->count[lengths[i]]++;
	used = n - c->count[0];
	c->count[0] = 0;
	offset[0] = offset[1] = 0;
	for (unsigned i = 1; i <= MAX_BITS; i++) {
		left = 2 * left - c->count[i];
		if (left < 0)
			return -EINVAL;
		code = (code + c->count[i - 1]) << 1;
		next[i] = code;
		if (i < MAX_BITS)
			offset[i + 1] = offset[i] + c->count[i];
	}
	if (left && (used > 1 || (used == 1 && c->count[1] != 1)))
		return -EINVAL;
	for (unsigned i = 0; i < n; i++) {
		unsigned length = lengths[i];

		if (!length)
			continue;
		c->symbols[offset[length]++] = (u16)i;
		code = reverse(next[length]++, length);
		for (; length <= INFLATE_FAST && code < 1u << INFLATE_FAST; code += 1u << length)
			c->fast[code] = (u16)(i << 4 | length);
	}
	return 0;
}

/* Bit by bit: the codes of each length follow each other, after twice those before. */
static int decode_slowly(struct inflate *s, const struct inflate_code *c)
{
	int code = 0, first = 0, index = 0;
	u64 bits = s->bits;

	for (unsigned length = 1; length <= MAX_BITS && length <= s->n_bits; length++) {
		code |= (int)(bits & 1);
		bits >>= 1;
		if (code - first < c->count[length]) {
			s->bits = bits;
			s->n_bits -= length;
			return c->symbols[index + code - first];
		}
		index += c->count[length];
		first = (first + c->count[length]) << 1;
		code <<= 1;
	}
	return s->n_bits < MAX_BITS ? -ENODATA : -EINVAL;
}

/* The next symbol, -ENODATA, or -EINVAL (no such code). */
static int decode(struct inflate *s, const struct inflate_code *c)
{
	unsigned entry;

	if (s->n_bits < MAX_BITS)
		refill(s);
	entry = c->fast[s->bits & ((1u << INFLATE_FAST) - 1)];
	if (!entry || (entry & 15) > s->n_bits)
		return decode_slowly(s, c);
	s->bits >>= entry & 15;
	s->n_bits -= entry & 15;
	return (int)(entry >> 4);
}

/* What the window holds goes to the sink. */
static int flush(struct inflate *s)
{
	size_t n = s->at;

	s->at = 0;
	s->total += n;
	if (!n)
		return 0;
	s->crc = crc32_update(s->crc, s->window, n);
	return s->sink(s->arg, s->window, n);
}

static int put(struct inflate *s, u8 byte)
{
	s->window[s->at++] = byte;
	return s->at == INFLATE_WINDOW ? flush(s) : 0;
}

static int copy(struct inflate *s, size_t distance, size_t length)
{
	size_t from = (s->at - distance) & (INFLATE_WINDOW - 1);
	int err = 0;

	if (distance > s->total + s->at)
		return -EINVAL;
	if (max(from, s->at) + length < INFLATE_WINDOW) {
		for (; length; length--)
			s->window[s->at++] = s->window[from++];
		return 0;
	}
	for (; length && !err; length--) {
		err = put(s, s->window[from]);
		from = (from + 1) & (INFLATE_WINDOW - 1);
	}
	return err;
}

static int stored_block(struct inflate *s)
{
	s64 length, check;
	int err = 0;

	(void)take(s, s->n_bits & 7);
	length = take(s, 16);
	check = take(s, 16);
	if (length < 0 || check < 0)
		return -ENODATA;
	if (length != (~check & 0xffff))
		return -EINVAL;
	for (; length && !err; length--) {
		s64 byte = take(s, 8);

		err = byte < 0 ? (int)byte : put(s, (u8)byte);
	}
	return err;
}

/* A copy whose length symbol was read. */
static int copy_symbol(struct inflate *s, unsigned symbol)
{
	s64 more = symbol < N_LENGTHS ? take(s, length_bits[symbol]) : -EINVAL;
	size_t length;
	int d;

	if (more < 0)
		return (int)more;
	length = length_base[symbol] + (size_t)more;
	d = decode(s, &s->distances);
	if (d < 0)
		return d;
	more = d < N_DISTANCES ? take(s, distance_bits[d]) : -EINVAL;
	return more < 0 ? (int)more : copy(s, distance_base[d] + (size_t)more, length);
}

static int coded_block(struct inflate *s)
{
	for (;;) {
		int symbol = decode(s, &s->literals), err;

		if (symbol < 0)
			return symbol;
		if (symbol == END_OF_BLOCK)
			return 0;
		err = symbol < END_OF_BLOCK ? put(s, (u8)symbol) :
					      copy_symbol(s, (unsigned)symbol - END_OF_BLOCK - 1);
		if (err < 0)
			return err;
	}
}

static int fixed_codes(struct inflate *s)
{
	u8 lengths[INFLATE_SYMBOLS];
	int err;

	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	err = code_make(&s->literals, lengths, INFLATE_SYMBOLS);
	memset(lengths, 5, 32);
	return err < 0 ? err : code_make(&s->distances, lengths, 32);
}

/* The lengths of both codes, themselves coded and run-length coded (section 3.2.7). */
static int read_lengths(struct inflate *s, u8 *lengths, unsigned n)
{
	for (unsigned i = 0; i < n;) {
		int symbol = decode(s, &s->literals);
		u8 value = 0;
		s64 repeat;

		if (symbol < 0)
			return symbol;
		if (symbol < 16) {
			lengths[i++] = (u8)symbol;
			continue;
		}
		if (symbol == 16) {
			if (!i)
				return -EINVAL;
			value = lengths[i - 1];
		}
		repeat = take(s, symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
		if (repeat < 0)
			return (int)repeat;
		repeat += symbol == 18 ? 11 : 3;
		if ((u64)repeat > n - i)
			return -EINVAL;
		memset(lengths + i, value, (size_t)repeat);
		i += (unsigned)repeat;
	}
	return 0;
}

static int given_codes(struct inflate *s)
{
	static const u8 order[N_CODE_LENGTHS] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3,
						  13, 2, 14, 1, 15 };
	u8 lengths[INFLATE_SYMBOLS + 32] = { 0 };
	s64 n_literals = take(s, 5), n_distances = take(s, 5), n_codes = take(s, 4);
	int err;

	if (n_literals < 0 || n_distances < 0 || n_codes < 0)
		return -ENODATA;
	n_literals += 257;
	n_distances += 1;
	if (n_literals > 286 || n_distances > N_DISTANCES)
		return -EINVAL;
	for (s64 i = 0; i < n_codes + 4; i++) {
		s64 length = take(s, 3);

		if (length < 0)
			return -ENODATA;
		lengths[order[i]] = (u8)length;
	}
	err = code_make(&s->literals, lengths, N_CODE_LENGTHS);
	if (err < 0)
		return err;
	memset(lengths, 0, sizeof(lengths));
	err = read_lengths(s, lengths, (unsigned)(n_literals + n_distances));
	if (err < 0)
		return err;
	if (!lengths[END_OF_BLOCK])
		return -EINVAL;
	err = code_make(&s->literals, lengths, (unsigned)n_literals);
	return err < 0 ? err : code_make(&s->distances, lengths + n_literals,
					 (unsigned)n_distances);
}

static int one_block(struct inflate *s, unsigned kind)
{
	int err;

	if (kind == 0)
		return stored_block(s);
	if (kind == 3)
		return -EINVAL;
	err = kind == 1 ? fixed_codes(s) : given_codes(s);
	return err < 0 ? err : coded_block(s);
}

int inflate(struct inflate *s, const u8 *in, size_t n, inflate_sink *sink, void *arg, size_t *used)
{
	s64 head;
	int err;

	s->in = in;
	s->in_end = in + n;
	s->bits = 0;
	s->n_bits = 0;
	s->sink = sink;
	s->arg = arg;
	s->at = 0;
	s->total = 0;
	s->crc = ~0u;
	do {
		head = take(s, 3);
		err = head < 0 ? (int)head : one_block(s, (unsigned)head >> 1);
	} while (err == 0 && !(head & 1));
	if (err == 0)
		err = flush(s);
	*used = (size_t)(s->in - in) - s->n_bits / 8; /* whole bytes that were not needed */
	return err;
}
