/*
 * lib/types.h - scalar types, annotations and the small macros used everywhere.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include "abi/types.h"

typedef __INTPTR_TYPE__ ssize_t;
typedef __UINTPTR_TYPE__ uintptr_t;

typedef u64 paddr_t;	/* physical address, bytes */
typedef u64 pfn_t;	/* physical page frame number: paddr / 4096 */
typedef u64 vaddr_t;	/* virtual address of kernel or user, as a number */
typedef u64 pgoff_t;	/* page index within a file or object */
typedef u64 lba_t;	/* logical block address on a device, in its sectors */
typedef s64 loff_t;	/* byte position in a file */

#define must_check	__attribute__((warn_unused_result))
#define __section(s)	__attribute__((section(s)))
#define __unused	__attribute__((unused))
#define __used		__attribute__((used))
#define __weak		__attribute__((weak))
#define __cold		__attribute__((cold))
#define __noreturn	__attribute__((noreturn))
#define __noinline	__attribute__((noinline))
#define __always_inline	inline __attribute__((always_inline))
#define __printf(f, a)	__attribute__((format(printf, f, a)))

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define unreachable()	__builtin_unreachable()

/* The compiler may neither move memory accesses across this nor keep values in registers. */
#define barrier()	__asm__ volatile("" ::: "memory")

/* One access, neither torn, repeated nor invented, for data that others change meanwhile. */
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))

/* Ordered accesses for publishing a pointer or a flag without a lock. */
#define load_acquire(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_release(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)

#define ARRAY_SIZE(a) \
	(sizeof(a) / sizeof((a)[0]) + \
	 0 * sizeof(struct { unsigned not_an_array : \
		__builtin_types_compatible_p(__typeof__(a), __typeof__(&(a)[0])) ? -1 : 1; }))

#define sizeof_field(type, member)	(sizeof(((type *)0)->member))

/* The structure of which `ptr` is the member `member`. */
#define container_of(ptr, type, member) ({ \
	static_assert(__builtin_types_compatible_p(__typeof__(*(ptr)), \
			__typeof__(((type *)0)->member)) || \
		      __builtin_types_compatible_p(__typeof__(*(ptr)), void), \
		      "container_of: pointer and member differ in type"); \
	(type *)((char *)(ptr) - offsetof(type, member)); })

/* Both sides must have the same type: a mixed comparison is an error at compile time. */
#define __same_type(a, b) \
	static_assert(__builtin_types_compatible_p(__typeof__(a), __typeof__(b)), \
		      "operands differ in type")
#define min(a, b) ({ \
	__typeof__((a) + 0) _mna = (a); __typeof__((b) + 0) _mnb = (b); \
	__same_type(_mna, _mnb); _mna < _mnb ? _mna : _mnb; })
#define max(a, b) ({ \
	__typeof__((a) + 0) _mxa = (a); __typeof__((b) + 0) _mxb = (b); \
	__same_type(_mxa, _mxb); _mxa > _mxb ? _mxa : _mxb; })
#define min_t(t, a, b)	({ t _mta = (a); t _mtb = (b); _mta < _mtb ? _mta : _mtb; })
#define max_t(t, a, b)	({ t _xta = (a); t _xtb = (b); _xta > _xtb ? _xta : _xtb; })
/* `v` brought into lo..hi inclusive, in the type of `v`. */
#define clamp(v, lo, hi) ({ \
	__typeof__((v) + 0) _clv = (v); __typeof__(_clv) _clo = (lo); \
	__typeof__(_clv) _chi = (hi); \
	_clv < _clo ? _clo : _clv > _chi ? _chi : _clv; })
#define swap(a, b)	do { __typeof__(a) _swt = (a); (a) = (b); (b) = _swt; } while (0)

/* Rounding to a multiple of `a`, a power of two; the result has the type of `x`. */
#define align_down(x, a)	((x) & ~((__typeof__((x) + 0))(a) - 1))
#define align_up(x, a)		align_down((x) + ((__typeof__((x) + 0))(a) - 1), a)
#define is_aligned(x, a)	(((x) & ((__typeof__((x) + 0))(a) - 1)) == 0)
/* Usable in constant expressions and array sizes, for any divisor. */
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define ROUND_UP(n, d)		(DIV_ROUND_UP(n, d) * (d))

#define BIT(n)	(1ULL << (n))
#define KIB(n)	((u64)(n) << 10)
#define MIB(n)	((u64)(n) << 20)
#define GIB(n)	((u64)(n) << 30)

#define STRINGIFY_(x)	#x
#define STRINGIFY(x)	STRINGIFY_(x)
#define CONCAT_(a, b)	a##b
#define CONCAT(a, b)	CONCAT_(a, b)

/* Arithmetic that says whether it overflowed: true on overflow, the wrapped value in *r. */
#define add_overflow(a, b, r)	__builtin_add_overflow(a, b, r)
#define sub_overflow(a, b, r)	__builtin_sub_overflow(a, b, r)
#define mul_overflow(a, b, r)	__builtin_mul_overflow(a, b, r)

#endif
