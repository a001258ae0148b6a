/*
 * test/host/fuzz_filter.c - programs from user space: one that is accepted ends, reads nothing but
 * its packet and memory that it wrote, whatever it is made of; of a system call, only its data.
 */
#include "test/host/fuzz.h"

#include "proc/seccomp_int.h"
#include "test/host/filter_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u32 n = size ? data[0] % 64 : 0;
	size_t need = 1 + n * sizeof(struct sock_filter);
	struct sock_filter *insns;
	u16 *ways;
	u8 *packet;

	if (!n || size < need)
		return 0;
	insns = malloc(n * sizeof(*insns));
	ways = malloc(n * sizeof(*ways));
	packet = malloc(size - need + 1);
	memcpy(insns, data + 1, n * sizeof(*insns));
	memcpy(packet, data + need, size - need);
	if (!bpf_check(insns, n, ways)) {
		struct bpf_view v = host_view(packet, (u32)(size - need), (u32)(size - need));
		u32 whole = bpf_run(insns, &v);

		v.head /= 2; /* the same, however the bytes lie */
		INSIST(bpf_run(insns, &v) == whole);
		if (!seccomp_check(insns, n)) { /* needs nobody who loads or answers */
			static const u8 data_of_call[64];
			struct bpf_view call = { .bytes = data_of_call, .head = 64, .length = 64 };

			bpf_run(insns, &call);
		}
	}
	free(insns);
	free(ways);
	free(packet);
	return 0;
}
