/*
 * Configuration space as a file: /sys/bus/pci/devices/NAME/config and /proc/bus/pci/BB/DD.F. Reads
 * and writes are taken apart into accesses that are as wide as their alignment allows. Who is not
 * privileged sees the header's first 64 bytes: reading others may hang a device.
 */
#include "dev/pci_file.h"

#include "abi/errno.h"
#include "dev/pci.h"

#define PUBLIC_BYTES 64

/* How wide the access at `at` with n bytes to go may be. */
static unsigned width(u64 at, size_t n)
{
	return at & 1 || n < 2 ? 1 : at & 2 || n < 4 ? 2 : 4;
}

ssize_t pci_file_read(struct pci_device *d, struct iov_iter *to, s64 *pos, bool privileged)
{
	u64 at = (u64)*pos, end = privileged ? d->config_bytes : PUBLIC_BYTES;
	size_t n;

	if (at >= end)
		return 0;
	for (n = iov_left(to); n && at < end;) {
		unsigned w = width(at, min(n, (size_t)(end - at)));
		unsigned offset = (unsigned)at;
		u32 v = w == 1 ? pci_read8(d, offset) : w == 2 ? pci_read16(d, offset) :
								 pci_read32(d, offset);

		if (iov_copy_to(to, &v, w) != w)
			return at > (u64)*pos ? (ssize_t)(at - (u64)*pos) : -EFAULT;
		at += w;
		n -= w;
	}
	n = at - (u64)*pos;
	*pos = (s64)at;
	return (ssize_t)n;
}

ssize_t pci_file_write(struct pci_device *d, struct iov_iter *from, s64 *pos)
{
	u64 at = (u64)*pos, end = d->config_bytes;
	size_t n;

	if (at >= end)
		return 0;
	for (n = iov_left(from); n && at < end;) {
		unsigned w = width(at, min(n, (size_t)(end - at)));
		unsigned offset = (unsigned)at;
		u32 v = 0;

		if (iov_copy_from(from, &v, w) != w)
			return at > (u64)*pos ? (ssize_t)(at - (u64)*pos) : -EFAULT;
		if (w == 1)
			pci_write8(d, offset, (u8)v);
		else if (w == 2)
			pci_write16(d, offset, (u16)v);
		else
			pci_write32(d, offset, v);
		at += w;
		n -= w;
	}
	n = at - (u64)*pos;
	*pos = (s64)at;
	return (ssize_t)n;
}
