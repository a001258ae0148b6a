/*
 * Configuration space as a file: /sys/bus/pci/devices/NAME/config and /proc/bus/pci/BB/DD.F. Reads
 * and writes are taken apart into accesses that are as wide as their alignment allows. Who is not
 * privileged sees the header's first 64 bytes: reading others may hang a device.
 */
#include "dev/pci_file.h"

#include "abi/errno.h"
#include "dev/pci.h"
#include "lib/string.h"
#include "mm/slab.h"

#define PUBLIC_BYTES 64

/* How wide the access at `at` with n bytes to go may be. */
static unsigned width(u64 at, size_t n)
{
	return at & 1 || n < 2 ? 1 : at & 2 || n < 4 ? 2 : 4;
}

/* How many of n bytes there are at `at`; they are all copied, or none: 0 or -ENOMEM. */
static int buffer_make(u64 at, u64 end, size_t *n, u8 **out)
{
	*n = at < end ? min(*n, (size_t)(end - at)) : 0;
	*out = *n ? kmalloc(*n, MM_KERNEL) : NULL;
	return *n && !*out ? -ENOMEM : 0;
}

ssize_t pci_file_read(struct pci_device *d, struct iov_iter *to, s64 *pos, bool privileged)
{
	u64 at = (u64)*pos;
	size_t n = iov_left(to), done, w;
	u8 *buf;
	int err = buffer_make(at, privileged ? d->config_bytes : PUBLIC_BYTES, &n, &buf);

	if (err)
		return err;
	for (done = 0; done < n; done += w) {
		unsigned offset = (unsigned)(at + done);
		u32 v;

		w = width(offset, n - done);
		v = w == 1 ? pci_read8(d, offset) : w == 2 ? pci_read16(d, offset) :
							     pci_read32(d, offset);
		memcpy(buf + done, &v, w);
	}
	if (iov_copy_to(to, buf, n) != n)
		err = -EFAULT;
	kfree(buf);
	if (err)
		return err;
	*pos = (s64)(at + n);
	return (ssize_t)n;
}

ssize_t pci_file_write(struct pci_device *d, struct iov_iter *from, s64 *pos)
{
	u64 at = (u64)*pos;
	size_t n = iov_left(from), done, w;
	u8 *buf;
	int err = buffer_make(at, d->config_bytes, &n, &buf);

	if (err)
		return err;
	if (iov_copy_from(from, buf, n) != n) {
		kfree(buf);
		return -EFAULT;
	}
	for (done = 0; done < n; done += w) {
		unsigned offset = (unsigned)(at + done);
		u32 v = 0;

		w = width(offset, n - done);
		memcpy(&v, buf + done, w);
		if (w == 1)
			pci_write8(d, offset, (u8)v);
		else if (w == 2)
			pci_write16(d, offset, (u16)v);
		else
			pci_write32(d, offset, v);
	}
	kfree(buf);
	*pos = (s64)(at + n);
	return (ssize_t)n;
}
