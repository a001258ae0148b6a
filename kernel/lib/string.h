/*
 * lib/string.h - byte strings.
 *
 * The names and meanings of ISO C and of strlcpy(3bsd). memcpy, memset, memmove and memcmp are
 * written by the machine (arch) in assembly, and come from libc on the host; the rest is string.c.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

void *memchr(const void *s, int c, size_t n);
/* The last byte equal to c, or NULL. */
void *memrchr(const void *s, int c, size_t n);
/* True if all n bytes at s equal c. */
bool mem_is_all(const void *s, int c, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
/* Compares without regard to the case of ASCII letters. */
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
/* As strchr, but the terminating NUL is returned instead of NULL. */
char *strchrnul(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *find);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);

/*
 * Copy or append with the buffer's whole size known: always terminates when size > 0, and returns
 * the length the result would have had, so a value >= size says it was cut.
 */
size_t strlcpy(char *to, const char *from, size_t size);
size_t strlcat(char *to, const char *from, size_t size);

/* True if s starts with prefix. */
bool str_starts_with(const char *s, const char *prefix);

/* Zero memory that held secrets; the compiler may not leave it out. */
void memzero_explicit(void *p, size_t n);

#endif
