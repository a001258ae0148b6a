/* Extended attributes (xattr(7)): who may see and change which; what a call by name does. */
#pragma once

#include "abi/xattr.h"
#include "vfs/path.h"

/*
 * Bodies of getxattr(2), setxattr(2), listxattr(2) and removexattr(2): buffers are kernel memory,
 * names are 1 … XATTR_NAME_MAX bytes, values at most XATTR_SIZE_MAX. With size 0 the first and
 * third tell how many bytes there are. Errors as in the manual pages.
 */
ssize_t vfs_getxattr(const struct path *path, const struct cred *cred, const char *name,
		     void *value, size_t size);
ssize_t vfs_listxattr(const struct path *path, const struct cred *cred, char *list, size_t size);
/* flags: XATTR_CREATE, XATTR_REPLACE. `value` is never NULL. */
int vfs_setxattr(const struct path *path, const struct cred *cred, const char *name,
		 const void *value, size_t size, int flags);
int vfs_removexattr(const struct path *path, const struct cred *cred, const char *name);
