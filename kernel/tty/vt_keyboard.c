/*
 * Keys to the console in front: what they mean is vt_keys.c's; here that is done: bytes are input
 * of the console's terminal, others switch consoles or look back. Runs in the keyboard's interrupt.
 */
#include "abi/signal.h"
#include "core/panic.h"
#include "dev/input.h"
#include "dev/input_set1.h"
#include "mm/slab.h"
#include "proc/signal.h"
#include "tty/vt_console.h"

struct vt_keyboard vt_keyboard;

static struct work secure_work, scroll_work;
static struct tty *scroll_tty; /* v: whose output Scroll Lock stops or starts */

void vt_keyboard_leds_locked(void)
{
	const struct vt_console *c = vt_consoles[vt_front];
	unsigned locks = c->lamps == LAMPS_LOCKS ? c->keys.locks : c->lamps;

	input_set_leds((locks & VT_LOCK_SCROLL ? INPUT_LED_SCROLL : 0) |
		(locks & VT_LOCK_NUM ? INPUT_LED_NUM : 0) |
		       (locks & VT_LOCK_CAPS ? INPUT_LED_CAPS : 0));
}

static void scroll_worker(struct work *work)
{
	struct tty *t;
	bool stop;
	u64 flags = spin_lock_irq(&vt_lock);

	t = scroll_tty;
	stop = ((struct vt_console *)t->data)->keys.locks & VT_LOCK_SCROLL;
	spin_unlock_irq(&vt_lock, flags);
	mutex_lock(&t->ldisc_lock);
	if (stop)
		ldisc_stop(&t->ldisc, false);
	else
		ldisc_start(&t->ldisc, false);
	mutex_unlock(&t->ldisc_lock);
}

static void hold_locked(struct vt_console *c)
{
	vt_keyboard_leds_locked();
	scroll_tty = c->tty;
	work_queue(&scroll_work);
}

/* What a key does besides sending bytes. */
static void act_locked(struct vt_console *c, const struct vt_key_result *result)
{
	int half = (int)c->emul.rows / 2;

	switch (result->action) {
	case VT_KEY_NONE:
		break;
	case VT_KEY_CONSOLE:
		vt_console_switch_later(result->console);
		break;
	case VT_KEY_LAST_CONSOLE:
		vt_console_switch_later(vt_last);
		break;
	case VT_KEY_PREVIOUS_CONSOLE:
		vt_console_switch_later((vt_front + VT_CONSOLES - 1) % VT_CONSOLES);
		break;
	case VT_KEY_NEXT_CONSOLE:
		vt_console_switch_later((vt_front + 1) % VT_CONSOLES);
		break;
	case VT_KEY_LOCKS:
		vt_keyboard_leds_locked();
		break;
	case VT_KEY_HOLD:
		hold_locked(c);
		break;
	case VT_KEY_LOOK_BACK:
		vt_look_back(&c->emul, half);
		break;
	case VT_KEY_LOOK_FORTH:
		vt_look_back(&c->emul, -half);
		break;
	case VT_KEY_BOOT:
		work_queue(&secure_work);
		break;
	case VT_KEY_BREAK:
		tty_input_error(c->tty, LDISC_BREAK, 0);
		break;
	}
}

/* What raw modes send of a key: its scan codes, or its number, in three bytes if that is large. */
static size_t raw_bytes(u8 mode, unsigned key, bool down, u8 out[INPUT_SET1_BYTES])
{
	u8 up = down ? 0 : 0x80;

	if (mode == K_RAW)
		return input_set1_bytes(key, down, out);
	if (mode != K_MEDIUMRAW)
		return 0;
	if (key < 128) {
		out[0] = (u8)key | up;
		return 1;
	}
	out[0] = up;
	out[1] = (u8)(key >> 7 | 0x80);
	out[2] = (u8)(key | 0x80);
	return 3;
}

static void key_locked(struct vt_console *c, unsigned key, enum input_value value)
{
	static const u8 events[] = {
		[INPUT_RELEASED] = VT_KEY_UP, [INPUT_PRESSED] = VT_KEY_DOWN,
		[INPUT_REPEATED] = VT_KEY_AGAIN,
	};
	struct vt_key_result result;
	u8 raw[INPUT_SET1_BYTES];
	const char *text = (const char *)raw;
	size_t n = raw_bytes(c->keyboard_mode, key, value != INPUT_RELEASED, raw);

	c->keys.app_cursor = c->emul.app_cursor;
	c->keys.app_keypad = c->emul.app_keypad;
	c->keys.newline = c->emul.newline;
	if (value == INPUT_REPEATED && !c->emul.repeat && !c->keys.raw)
		return;
	vt_key(&vt_keyboard, &c->keys, &vt_keymap, key, (enum vt_key_event)events[value], &result);
	if (!c->keys.raw) {
		act_locked(c, &result);
		n = result.n;
		text = result.string ? result.string : result.bytes;
	}
	if (n) {
		vt_look_back(&c->emul, -(int)c->emul.back);
		tty_input(c->tty, (const u8 *)text, n);
	}
}

static void keyboard_listener(void *arg, unsigned key, enum input_value value)
{
	u64 flags = spin_lock_irq(&vt_lock);

	key_locked(vt_consoles[vt_front], key, value);
	spin_unlock_irq(&vt_lock, flags);
}

/* Ctrl-Alt-Delete asks the first process to restart the machine. */
static void secure_worker(struct work *work)
{
	struct process *init = process_find(1);
	struct abi_siginfo info = signal_info_kernel(SIGINT);

	if (!init)
		return;
	(void)signal_send_process(init, &info);
	process_put(init);
}

static void secure_key(void)
{
	work_queue(&secure_work);
}

void vt_keyboard_init(void)
{
	u16 *tables[VT_US_TABLES];

	for (unsigned i = 0; i < VT_US_TABLES; i++) {
		tables[i] = kmalloc(VT_TABLE_BYTES, MM_KERNEL);
		if (!tables[i])
			panic("tty: no memory for the map of keys");
	}
	vt_keymap_us(&vt_keymap, tables);
	work_init(&secure_work, secure_worker);
	work_init(&scroll_work, scroll_worker);
	input_set_secure_key(secure_key);
	input_set_listener(keyboard_listener, NULL);
}
