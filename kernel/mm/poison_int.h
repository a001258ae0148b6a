/* Debug builds fill freed memory with patterns and look at them when it is allocated again.
 * MM_DEBUG is 0 in release builds, and what it guards vanishes. */
#pragma once

#ifdef CONFIG_DEBUG
enum { MM_DEBUG = 1 };
#else
enum { MM_DEBUG = 0 };
#endif

#define POISON_FRAME  0xf7f7f7f7f7f7f7f7ull /* free frame */
#define STACK_PAINT   0x57ac57ac57ac57acull /* stack that was not used yet */
#define POISON_OBJECT 0x6b                  /* free slab object, each byte */
#define RED_FREE      0xf4eef4eef4eef4eeull /* red zone behind a free object */
#define RED_USED      0xacc7acc7acc7acc7ull /* … behind one in use */
