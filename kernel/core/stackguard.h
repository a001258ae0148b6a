/* The stack protector: the value that functions with arrays keep below their return address. */
#pragma once

/* Marks functions that are running while the value changes; they must not have the check. */
#define no_stack_guard __attribute__((no_stack_protector))

/*
 * Sets the value from random numbers. Boot, once; every caller up to the first function of the
 * kernel is no_stack_guard.
 */
void stack_guard_init(void);
