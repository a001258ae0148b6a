/* Any bytes as messages of neighbour discovery and MLD. */
#include "test/host/fuzz.h"

#include "net/ip6/mld_wire.h"
#include "net/ip6/nd_wire.h"

static void neighbours(const u8 *b, u32 n, bool local, bool nobody)
{
	struct ipaddr from = nobody ? IPADDR_ANY :
			     ip6_address(local ? 0xfe80 : 0x2001, 0, 0, 0, 0, 0, 0, 1);
	struct ipaddr to = IP6_ALL_NODES;
	struct nd_message m;

	if (!nd_parse(b, n, &from, &to, &m))
		return;
	INSIST(n >= 8 && m.type == b[0]);
	INSIST(m.n_prefixes <= ND_PREFIXES);
	for (u32 k = 0; k < m.n_prefixes; k++)
		INSIST(m.prefix[k].length <= 128);
	INSIST(!m.source_link || (m.source_link >= b + 8 && m.source_link + 6 <= b + n));
	INSIST(!m.target_link || (m.target_link >= b + 8 && m.target_link + 6 <= b + n));
	INSIST(!m.nonce || (m.nonce >= b + 8 && m.nonce + 6 <= b + n));
	INSIST(!nobody || !m.source_link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mld_heard heard;
	u8 *b;
	u32 n;

	if (size < 1 || size > 4000)
		return 0;
	n = (u32)size - 1;
	b = malloc(n ? n : 1);
	memcpy(b, data + 1, n);
	if (data[0] & 1)
		neighbours(b, n, data[0] & 2, data[0] & 4);
	else if (mld_parse(b, n, &heard))
		INSIST(n >= 24 && (!heard.query || heard.version));
	free(b);
	return 0;
}
