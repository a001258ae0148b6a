/*
 * test/host/rename.h - lets lib/ live beside the host's libc in one program: what both define gets
 * another name. Included on the command line for the kernel's sources, and by unit.h (after the
 * host's headers) for the tests.
 */
#ifndef TEST_HOST_RENAME_H
#define TEST_HOST_RENAME_H

#define memchr		lib_memchr
#define memrchr		lib_memrchr
#define strlen		lib_strlen
#define strnlen		lib_strnlen
#define strcmp		lib_strcmp
#define strncmp		lib_strncmp
#define strcasecmp	lib_strcasecmp
#define strncasecmp	lib_strncasecmp
#define strchr		lib_strchr
#define strchrnul	lib_strchrnul
#define strrchr		lib_strrchr
#define strstr		lib_strstr
#define strspn		lib_strspn
#define strcspn		lib_strcspn
#define strlcpy		lib_strlcpy
#define strlcat		lib_strlcat
#define snprintf	lib_snprintf
#define vsnprintf	lib_vsnprintf
#define bsearch		lib_bsearch

#endif
