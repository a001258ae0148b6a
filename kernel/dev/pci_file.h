/* Configuration space as a file. Thread context. */
#pragma once

#include "lib/types.h"
#include "vm/iov.h"

struct pci_device;

/* Bytes read or written, moving *pos; 0 at the end; -ENOMEM; -EFAULT, nothing being
 * read or written then. `privileged`: may see all of it. */
ssize_t pci_file_read(struct pci_device *d, struct iov_iter *to, s64 *pos, bool privileged);
ssize_t pci_file_write(struct pci_device *d, struct iov_iter *from, s64 *pos);
