/*
 * The keyboard behind the controller. Its bytes come by ISA interrupt 1 and are decoded there.
 * Commands (lamps, repetition) are sent one byte at a time; the keyboard acknowledges each (0xfa)
 * by the same way that keys come, so they wait in a small queue, and the interrupt sends the next.
 *
 * Lock: `lock` guards decoder and queue.
 */
#include "drv/ps2/ps2_int.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/resource.h"
#include "core/spinlock.h"
#include "dev/input.h"
#include "dev/irq.h"
#include "dev/drivers.h"
#include "lib/ring.h"

#define KEYBOARD_IRQ 1
#define KEY_PAUSE 119
#define SET_LEDS   0xed
#define SET_REPEAT 0xf3
#define ENABLE     0xf4
#define ACK        0xfa
#define RESEND     0xfe
/* A command that was not acknowledged after this is given up. */
#define ACK_NS (200 * NSEC_PER_MSEC)

static struct spinlock lock = SPINLOCK_INIT(RANK_DRIVER, "ps2");
static struct ps2_decoder decoder;       /* lock */
static u8 queue_storage[32];
static struct ring queue;                /* lock: bytes to be sent */
static bool waiting;                     /* lock: for the acknowledgement of */
static u8 last_sent;                     /* lock */
static u64 sent_ns;                      /* lock */
static unsigned resends;                 /* lock */

static void send_locked(u8 byte)
{
	last_sent = byte;
	sent_ns = clock_monotonic();
	waiting = ps2_controller_send(byte);
}

static void send_next_locked(void)
{
	u8 byte;

	if (!waiting && ring_get(&queue, &byte))
		send_locked(byte);
}

/* Queues a command; what the keyboard never answered is forgotten. */
static void send_command(u8 command, u8 argument)
{
	u64 flags = spin_lock_irq(&lock);

	if (waiting && clock_monotonic() - sent_ns > ACK_NS) {
		waiting = false;
		ring_reset(&queue);
	}
	if (ring_space(&queue) >= 2) {
		ring_put(&queue, command);
		ring_put(&queue, argument);
	}
	send_next_locked();
	spin_unlock_irq(&lock, flags);
}

/* Whether the byte answers a command. */
static bool answer_locked(u8 byte)
{
	if (!waiting || (byte != ACK && byte != RESEND))
		return false;
	waiting = false;
	if (byte == RESEND && resends++ < 3) {
		send_locked(last_sent);
		return true;
	}
	resends = 0;
	if (byte == RESEND)
		ring_reset(&queue);
	send_next_locked();
	return true;
}

static void keyboard_set_leds(struct input_keyboard *keyboard, unsigned leds)
{
	send_command(SET_LEDS, leds & 7);
}

/* The typematic byte: bits 5-6 the delay in steps of 250 ms, bits 0-4 the period: (8 + low 3 bits)
 * << (bits 3-4), in units of 4.17 ms. */
static void keyboard_set_repeat(struct input_keyboard *keyboard, unsigned delay_ms,
				unsigned period_ms)
{
	unsigned delay = clamp((delay_ms + 125) / 250, 1u, 4u) - 1, best = 0;

	for (unsigned i = 0; i < 32; i++)
		if (((8 + (i & 7)) << (i >> 3)) * 417 / 100 <= period_ms)
			best = i;
	send_command(SET_REPEAT, (u8)(delay << 5 | best));
}

static struct input_keyboard keyboard = {
	.name = "ps2",
	.set_leds = keyboard_set_leds,
	.set_repeat = keyboard_set_repeat,
};

static enum irq_result keyboard_interrupt(void *arg)
{
	unsigned n = 0, key;
	bool down;
	u8 byte;

	spin_lock(&lock);
	while (n < 16 && ps2_controller_receive(&byte)) {
		n++;
		if (answer_locked(byte) || !ps2_decode(&decoder, byte, &key, &down))
			continue;
		spin_unlock(&lock);
		input_key(&keyboard, key, down);
		if (key == KEY_PAUSE && down)
			input_key(&keyboard, key, false); /* its wire form has no release */
		spin_lock(&lock);
	}
	spin_unlock(&lock);
	return n ? IRQ_HANDLED : IRQ_NONE;
}

void ps2_register(void)
{
	struct irq_line *line;
	bool translated;
	u64 flags;
	int err;

	ring_init(&queue, queue_storage, sizeof(queue_storage));
	if (!ps2_controller_init(&translated)) {
		log_info("ps2: no keyboard controller");
		return;
	}
	resource_add(RESOURCE_PORTS, 0x60, 1, "keyboard");
	resource_add(RESOURCE_PORTS, 0x64, 1, "keyboard");
	decoder.set2 = !translated;
	err = irq_request_isa(KEYBOARD_IRQ, "keyboard", keyboard_interrupt, NULL, &line);
	if (err) {
		log_err("ps2: no interrupt (%d)", err);
		return;
	}
	ps2_controller_interrupts_on();
	flags = spin_lock_irq(&lock);
	send_locked(ENABLE);
	spin_unlock_irq(&lock, flags);
	input_register(&keyboard);
	log_info("ps2: keyboard, scan code set %u", translated ? 1 : 2);
}
