/* The shadow of the address sanitizer while page tables are made (kasan_shadow.c). */
#pragma once

#ifdef CONFIG_KASAN
/* Puts a page of zeros behind the whole shadow. head.S, before any other C. */
void kasan_shadow_boot(void);
/* Makes the shadow in the final page tables; kasan_shadow_seal() is called once they are in use. */
void kasan_shadow_init(void);
void kasan_shadow_seal(void);
#else
static inline void kasan_shadow_init(void) {}
static inline void kasan_shadow_seal(void) {}
#endif
