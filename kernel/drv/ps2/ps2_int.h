/* Private to drv/ps2: the keyboard controller (i8042) and the keyboard behind it. */
#pragma once

#include "lib/types.h"

/* The controller (ps2_controller.c). */
/* Finds it, tests it, and leaves the keyboard's port on, interrupts off: whether there is one.
 * *translated: it turns scan code set 2 into set 1. Thread context, boot. */
bool ps2_controller_init(bool *translated);
/* Lets the keyboard's interrupt (ISA 1) through. */
void ps2_controller_interrupts_on(void);
/* A byte from the keyboard, if there is one. Any context, one caller at a time. */
bool ps2_controller_receive(u8 *byte);
/* Sends the keyboard a byte: whether the controller took it. */
bool ps2_controller_send(u8 byte);

/* Scan codes (ps2_scancode.c), pure. All zero at the start. */
struct ps2_decoder {
	bool set2;       /* I: the wire speaks set 2; else set 1 */
	bool release;    /* set 2: 0xf0 was seen */
	u8 prefix;       /* 0, 0xe0 or 0xe1 */
	u8 pause_left;   /* bytes of the Pause key's sequence still to come */
};
/* Feeds one byte: true if it completes a key, its code (KEY_*) and whether it went down. */
bool ps2_decode(struct ps2_decoder *d, u8 byte, unsigned *key, bool *down);
