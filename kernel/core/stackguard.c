/* The stack protector of -fstack-protector-strong -mstack-protector-guard=global. */
#include "core/panic.h"
#include "core/random.h"
#include "core/stackguard.h"

/* The names are the compiler's. */
u64 __stack_chk_guard = 0x595e9fbd94fda766ull;
_Noreturn void __stack_chk_fail(void);

no_stack_guard void stack_guard_init(void)
{
	/* The lowest byte is 0, so that a string cannot carry the value. */
	__stack_chk_guard = random_u64() & ~0xffull;
}

void __stack_chk_fail(void)
{
	panic("stack smashed in the function that returns to %p", __builtin_return_address(0));
}
