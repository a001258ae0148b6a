/*
 * Keyboards: drivers turn what their hardware says into key codes (the numbers of
 * linux/input-event-codes.h, KEY_*), one listener above (the virtual consoles) makes characters of
 * them. Keys that are held down repeat: the same code is pressed again.
 */
#pragma once

#include "lib/types.h"

/* The codes that drivers and this room name themselves; others are passed through. */
enum {
	INPUT_KEY_LEFTCTRL = 29,
	INPUT_KEY_LEFTALT = 56,
	INPUT_KEY_KPDOT = 83,
	INPUT_KEY_RIGHTCTRL = 97,
	INPUT_KEY_RIGHTALT = 100,
	INPUT_KEY_DELETE = 111,
};
#define INPUT_KEY_MAX 255

enum input_value { INPUT_RELEASED, INPUT_PRESSED, INPUT_REPEATED };

/* Called with interrupts off; must not sleep. One call at a time. */
typedef void input_listener(void *arg, unsigned key, enum input_value value);

enum { INPUT_LED_SCROLL = 1, INPUT_LED_NUM = 2, INPUT_LED_CAPS = 4 };

struct input_keyboard {
	const char *name;
	/* Shows the lamps INPUT_LED_*. Any context. NULL: it has none. */
	void (*set_leds)(struct input_keyboard *keyboard, unsigned leds);
	/* Rate of repetition (kbdrate(8)): delay and period in ms. Any context. NULL: cannot. */
	void (*set_repeat)(struct input_keyboard *keyboard, unsigned delay_ms, unsigned period_ms);
	struct input_keyboard *next; /* registry's */
};

/* Driver side. Registers for good; tells of a key (any context, interrupts off): whether it is held
 * down, by the driver's own knowledge of the wire. */
void input_register(struct input_keyboard *keyboard);
void input_key(struct input_keyboard *keyboard, unsigned key, bool down);

/* Listener's side: NULL: nobody. */
void input_set_listener(input_listener *listener, void *arg);
/* Called at Ctrl-Alt-Delete instead of the listener, interrupts off: set once. */
void input_set_secure_key(void (*fn)(void));
void input_set_leds(unsigned leds);
void input_set_repeat(unsigned delay_ms, unsigned period_ms);
bool input_key_is_down(unsigned key);
