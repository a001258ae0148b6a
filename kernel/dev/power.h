/* Power off and reset: whoever can (drv/acpi) registers how. And the button that asks for it. */
#pragma once

/* Each returns only if it failed. */
struct power_ops {
	void (*off)(void);
	void (*reset)(void);
};
void power_register(const struct power_ops *ops);
/* Switches the machine off, or resets it (falls back to arch's way), or halts. File systems are
 * synced before by the caller. */
_Noreturn void power_off(void);
_Noreturn void power_reset(void);
_Noreturn void power_halt(void);
/* Functions to run before either, newest first (drivers quiesce). */
int power_at_end(void (*fn)(void *arg), void *arg);

/* The power button: a driver tells that it was pressed (any context), the listener hears of it in
 * the same context and must not sleep; it is set once. */
void power_button_press(void);
void power_button_listen(void (*fn)(void));
