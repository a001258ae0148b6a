/* Any bytes as packets of IPv6, and as errors about them. */
#include "test/host/fuzz.h"

#include "abi/errno.h"
#include "net/ip6/icmp6_wire.h"

static void chain(const u8 *b, u32 n, enum ip6_reader reader)
{
	struct ip6_chain c;
	int err = ip6_chain_read(b, n, reader, &c);

	if (err == -ENODATA) {
		INSIST(c.transport > n);
	} else if (err) {
		INSIST(!c.send_error || c.pointer < n);
	} else {
		INSIST(c.transport <= n && c.transport >= 40 && c.link < c.transport);
		INSIST(b[c.link] == c.protocol);
		INSIST(c.fixed >= 40 && c.fixed <= c.transport && c.fixed_link < c.fixed);
		INSIST(!c.piece || c.fixed == c.fragment);
		if (c.piece)
			ip6_chain_is_whole(b, n, &c);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ip_error e;
	u8 protocol, *b;
	u32 n;

	if (size < 1 || size > 4000)
		return 0;
	n = (u32)size - 1;
	b = malloc(n ? n : 1);
	memcpy(b, data + 1, n);
	if (data[0] % 4 == 3) {
		if (icmp6_error_parse(b, n, &e, &protocol))
			INSIST(e.length >= 8 && e.transport + e.length == b + n);
	} else {
		chain(b, n, (enum ip6_reader)(data[0] % 4));
	}
	free(b);
	return 0;
}
