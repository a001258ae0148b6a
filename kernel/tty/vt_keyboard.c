/*
 * Keys to the console in front: modifiers and locks are kept here, switching consoles is done here,
 * and all else is input of the console's terminal. Runs in the keyboard's interrupt.
 */
#include "abi/signal.h"
#include "dev/input.h"
#include "proc/signal.h"
#include "tty/vt_console.h"

u8 vt_modifiers;

static struct work secure_work, scroll_work;
static struct tty *scroll_tty; /* v: whose output Scroll Lock stops or starts */

void vt_keyboard_leds_locked(void)
{
	unsigned locks = vt_consoles[vt_front]->keys.locks;

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

static void lock_switch(struct vt_console *c, unsigned lock)
{
	c->keys.locks ^= lock;
	vt_keyboard_leds_locked();
	if (lock == VT_LOCK_SCROLL) {
		scroll_tty = c->tty;
		work_queue(&scroll_work);
	}
}

/* Shift-Page Up, Shift-Page Down: whether it was one. */
static bool look_key(struct vt_console *c, unsigned key)
{
	int half = (int)c->emul.rows / 2;

	if (!(vt_modifiers & VT_SHIFT) || (key != VT_KEY_PAGE_UP && key != VT_KEY_PAGE_DOWN))
		return false;
	vt_look_back(&c->emul, key == VT_KEY_PAGE_UP ? half : -half);
	return true;
}

/* Alt-Fn, Alt-Left, Alt-Right: whether it was one. */
static bool switch_key(unsigned key)
{
	unsigned n = vt_key_function(key);

	if (!(vt_modifiers & VT_ALT))
		return false;
	if (n && n <= VT_CONSOLES)
		vt_console_switch_later(n - 1);
	else if (key == VT_KEY_LEFT)
		vt_console_switch_later((vt_front + VT_CONSOLES - 1) % VT_CONSOLES);
	else if (key == VT_KEY_RIGHT)
		vt_console_switch_later((vt_front + 1) % VT_CONSOLES);
	else
		return false;
	return true;
}

static bool modifier_key(unsigned key, bool down)
{
	unsigned modifier = vt_key_modifier(key);

	if (!modifier)
		return false;
	if (down)
		vt_modifiers |= modifier;
	else if (!(modifier == VT_SHIFT && (input_key_is_down(42) || input_key_is_down(54))) &&
		 !(modifier == VT_CTRL && (input_key_is_down(INPUT_KEY_LEFTCTRL) ||
			input_key_is_down(INPUT_KEY_RIGHTCTRL))))
		vt_modifiers &= ~modifier;
	return true;
}

/* Bytes that the key sends by the console's mode. */
static size_t key_bytes(struct vt_console *c, unsigned key, enum input_value value, char *out)
{
	struct vt_keys *keys = &c->keys;

	if (c->keyboard_mode == K_OFF)
		return 0;
	if (c->keyboard_mode == K_MEDIUMRAW) {
		out[0] = (char)((key & 0x7f) | (value == INPUT_RELEASED ? 0x80 : 0));
		return key < 128;
	}
	if (value == INPUT_RELEASED || (value == INPUT_REPEATED && !c->emul.repeat))
		return 0;
	keys->modifiers = vt_modifiers;
	keys->app_cursor = c->emul.app_cursor;
	keys->app_keypad = c->emul.app_keypad;
	keys->newline = c->emul.newline;
	return vt_key_bytes(keys, key, out);
}

static void keyboard_listener(void *arg, unsigned key, enum input_value value)
{
	char bytes[VT_KEY_BYTES];
	struct vt_console *c;
	u64 flags = spin_lock_irq(&vt_lock);
	bool raw;
	size_t n = 0;

	c = vt_consoles[vt_front];
	raw = c->keyboard_mode == K_MEDIUMRAW || c->keyboard_mode == K_OFF;
	if (modifier_key(key, value != INPUT_RELEASED) && !raw)
		goto out;
	if (!raw && value != INPUT_RELEASED) {
		if (switch_key(key) || look_key(c, key))
			goto out;
		if (vt_key_lock(key)) {
			if (value == INPUT_PRESSED)
				lock_switch(c, vt_key_lock(key));
			goto out;
		}
	}
	n = key_bytes(c, key, value, bytes);
	if (n)
		vt_look_back(&c->emul, -(int)c->emul.back);
out:
	spin_unlock_irq(&vt_lock, flags);
	if (n)
		tty_input(c->tty, (const u8 *)bytes, n);
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
	work_init(&secure_work, secure_worker);
	work_init(&scroll_work, scroll_worker);
	input_set_secure_key(secure_key);
	input_set_listener(keyboard_listener, NULL);
}
