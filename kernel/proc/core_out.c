/*
 * Writing a dump, piece by piece: zeros become holes where the file can have some, a limit cuts it
 * off, an error or SIGKILL ends it.
 */
#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/string.h"
#include "proc/core_int.h"
#include "sched/thread.h"

static bool write_all(struct core_out *out, const void *bytes, size_t n)
{
	while (n) {
		struct iov_iter it;
		ssize_t done;

		if (READ_ONCE(out->process->core_killed))
			return false;
		iov_init_kernel(&it, (void *)bytes, n);
		done = file_write(out->file, &it, &out->pos, out->fsize_limit);
		if (done <= 0)
			return false;
		bytes = (const char *)bytes + done;
		n -= (size_t)done;
		sched_point();
	}
	return true;
}

static bool hole_pass(struct core_out *out)
{
	static const char zeros[512];

	if (out->seeks) {
		out->pos += (loff_t)out->hole;
		out->hole = 0;
	}
	while (out->hole) {
		size_t n = min(out->hole, (u64)sizeof(zeros));

		if (!write_all(out, zeros, n))
			return false;
		out->hole -= n;
	}
	return true;
}

bool core_emit(struct core_out *out, const void *bytes, size_t n)
{
	if (out->seeks && (u64)out->pos + out->hole + n > out->limit)
		return false;
	return hole_pass(out) && write_all(out, bytes, n);
}

bool core_zeros(struct core_out *out, u64 n)
{
	out->hole += n;
	return out->seeks || hole_pass(out);
}

void core_finish(struct core_out *out)
{
	u64 size = (u64)out->pos + out->hole;

	if (out->seeks && out->hole && size <= out->limit)
		(void)file_truncate(out->file, (s64)size, out->fsize_limit);
}
