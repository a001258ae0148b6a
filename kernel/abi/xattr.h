/*
 * abi/xattr.h - extended attributes: setxattr(2), xattr(7).
 */
#ifndef ABI_XATTR_H
#define ABI_XATTR_H

#define XATTR_CREATE	0x1
#define XATTR_REPLACE	0x2

#define XATTR_USER_PREFIX	"user."
#define XATTR_TRUSTED_PREFIX	"trusted."
#define XATTR_SECURITY_PREFIX	"security."
#define XATTR_SYSTEM_PREFIX	"system."

#endif
