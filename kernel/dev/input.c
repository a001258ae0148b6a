/*
 * The class of keyboards. All keyboards act as one: the state of the keys is kept here, repetition
 * is told from a first press by it, and Ctrl-Alt-Delete is caught.
 *
 * Lock: `lock` guards everything; it is let go before the listener is called. Keys come from
 * interrupts of one CPU each; `calling` keeps two of them from calling the listener at a time.
 */
#include "dev/input.h"

#include "arch/cpu.h"
#include "core/spinlock.h"
#include "lib/bitmap.h"

static struct spinlock lock = SPINLOCK_INIT(RANK_DRIVER, "input");
static struct input_keyboard *keyboards;                  /* lock */
static u64 down_keys[BITMAP_WORDS(INPUT_KEY_MAX + 1)];    /* lock */
static input_listener *listener;                          /* lock */
static void *listener_arg;                                /* lock */
static void (*secure_key)(void);                          /* lock */
static unsigned leds;                                     /* lock */
static u32 calling;                                       /* a */

void input_register(struct input_keyboard *keyboard)
{
	u64 flags = spin_lock_irq(&lock);
	unsigned now;

	keyboard->next = keyboards;
	keyboards = keyboard;
	now = leds;
	spin_unlock_irq(&lock, flags);
	if (keyboard->set_leds)
		keyboard->set_leds(keyboard, now);
}

static bool down(unsigned key)
{
	return bitmap_test(down_keys, key);
}

static bool is_secure_key(unsigned key)
{
	return (key == INPUT_KEY_DELETE || key == INPUT_KEY_KPDOT) &&
	       (down(INPUT_KEY_LEFTCTRL) || down(INPUT_KEY_RIGHTCTRL)) &&
	       (down(INPUT_KEY_LEFTALT) || down(INPUT_KEY_RIGHTALT));
}

void input_key(struct input_keyboard *keyboard, unsigned key, bool is_down)
{
	enum input_value value = INPUT_RELEASED;
	void (*secure)(void) = NULL;
	input_listener *fn;
	void *arg;
	u64 flags;

	if (!key || key > INPUT_KEY_MAX)
		return;
	flags = spin_lock_irq(&lock);
	if (is_down)
		value = bitmap_test_set(down_keys, key) ? INPUT_REPEATED : INPUT_PRESSED;
	else
		bitmap_clear(down_keys, key);
	if (value == INPUT_PRESSED && is_secure_key(key))
		secure = secure_key;
	fn = listener;
	arg = listener_arg;
	spin_unlock(&lock);
	while (__atomic_exchange_n(&calling, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
	if (secure)
		secure();
	else if (fn)
		fn(arg, key, value);
	__atomic_store_n(&calling, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
}

void input_set_listener(input_listener *fn, void *arg)
{
	u64 flags = spin_lock_irq(&lock);

	listener = fn;
	listener_arg = arg;
	spin_unlock_irq(&lock, flags);
}

void input_set_secure_key(void (*fn)(void))
{
	u64 flags = spin_lock_irq(&lock);

	secure_key = fn;
	spin_unlock_irq(&lock, flags);
}

/* Keyboards are never taken away, so their list may be walked without the lock once its head was
 * read under it. */
static struct input_keyboard *first_keyboard(void)
{
	u64 flags = spin_lock_irq(&lock);
	struct input_keyboard *k = keyboards;

	spin_unlock_irq(&lock, flags);
	return k;
}

void input_set_leds(unsigned new_leds)
{
	u64 flags = spin_lock_irq(&lock);
	bool changed = leds != new_leds;

	leds = new_leds;
	spin_unlock_irq(&lock, flags);
	if (!changed)
		return;
	for (struct input_keyboard *k = first_keyboard(); k; k = k->next)
		if (k->set_leds)
			k->set_leds(k, new_leds);
}

void input_set_repeat(unsigned delay_ms, unsigned period_ms)
{
	for (struct input_keyboard *k = first_keyboard(); k; k = k->next)
		if (k->set_repeat)
			k->set_repeat(k, delay_ms, period_ms);
}

bool input_key_is_down(unsigned key)
{
	u64 flags = spin_lock_irq(&lock);
	bool is = key <= INPUT_KEY_MAX && down(key);

	spin_unlock_irq(&lock, flags);
	return is;
}
