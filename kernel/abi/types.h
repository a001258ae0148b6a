/*
 * abi/types.h - the scalar types and annotations that structures shared with user space are
 * written with. Everyone else includes lib/types.h, which includes this.
 *
 * Each type is spelled with the compiler's own name for it, so that the same headers serve the
 * freestanding kernel and programs on the host, and agree with the host's <stdint.h>.
 */
#ifndef ABI_TYPES_H
#define ABI_TYPES_H

#include <stdbool.h>
#include <stddef.h>

typedef __UINT8_TYPE__ u8;
typedef __UINT16_TYPE__ u16;
typedef __UINT32_TYPE__ u32;
typedef __UINT64_TYPE__ u64;
typedef __INT8_TYPE__ s8;
typedef __INT16_TYPE__ s16;
typedef __INT32_TYPE__ s32;
typedef __INT64_TYPE__ s64;

/* A pointer into user space; sparse checks it, the compiler sees a plain pointer. */
#ifdef __CHECKER__
#define __user	__attribute__((noderef, address_space(1)))
#define __iomem	__attribute__((noderef, address_space(2)))
#define __force	__attribute__((force))
#else
#define __user
#define __iomem
#define __force
#endif

#define __packed	__attribute__((packed))
#define __aligned(n)	__attribute__((aligned(n)))

#ifndef static_assert
#define static_assert	_Static_assert
#endif

#endif
