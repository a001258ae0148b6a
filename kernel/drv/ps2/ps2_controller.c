/*
 * The PC's keyboard controller, i8042: a data port, a command and status port, and a configuration
 * byte. Every wait has an end: a machine may have no such chip, and then its status reads all ones.
 */
#include "drv/ps2/ps2_int.h"

#include "arch/cpu.h"
#include "arch/io.h"
#include "core/clock.h"
#include "core/log.h"

#define DATA    0x60
#define COMMAND 0x64 /* write */
#define STATUS  0x64 /* read */

#define STATUS_OUTPUT (1 << 0) /* a byte for us */
#define STATUS_INPUT  (1 << 1) /* it has not taken our last byte yet */
#define STATUS_MOUSE  (1 << 5) /* the byte is the mouse's */

#define CMD_READ_CONFIG  0x20
#define CMD_WRITE_CONFIG 0x60
#define CMD_MOUSE_OFF    0xa7
#define CMD_SELF_TEST    0xaa /* answers 0x55 */
#define CMD_TEST_PORT    0xab /* answers 0 */
#define CMD_KEYBOARD_OFF 0xad
#define CMD_KEYBOARD_ON  0xae

#define CONFIG_IRQ       (1 << 0)
#define CONFIG_MOUSE_IRQ (1 << 1)
#define CONFIG_CLOCK_OFF (1 << 4)
#define CONFIG_TRANSLATE (1 << 6)

#define SHORT_NS (20 * NSEC_PER_MSEC)  /* for an answer of the controller */
#define TEST_NS  (500 * NSEC_PER_MSEC) /* for its self-test */

static u8 config;

/* Waits until it takes a byte. */
static bool input_free(void)
{
	u64 end = clock_monotonic() + SHORT_NS;

	while (io_in8(STATUS) & STATUS_INPUT) {
		if (clock_monotonic() > end)
			return false;
		cpu_relax();
	}
	return true;
}

static bool command(u8 byte)
{
	if (!input_free())
		return false;
	io_out8(COMMAND, byte);
	return true;
}

bool ps2_controller_send(u8 byte)
{
	if (!input_free())
		return false;
	io_out8(DATA, byte);
	return true;
}

static bool answer(u8 *byte, u64 patience_ns)
{
	u64 end = clock_monotonic() + patience_ns;

	while (!(io_in8(STATUS) & STATUS_OUTPUT)) {
		if (clock_monotonic() > end)
			return false;
		cpu_relax();
	}
	*byte = io_in8(DATA);
	return true;
}

bool ps2_controller_receive(u8 *byte)
{
	u8 status = io_in8(STATUS);

	if (!(status & STATUS_OUTPUT))
		return false;
	*byte = io_in8(DATA);
	return !(status & STATUS_MOUSE);
}

static bool config_write(u8 value)
{
	config = value;
	return command(CMD_WRITE_CONFIG) && ps2_controller_send(value);
}

bool ps2_controller_init(bool *translated)
{
	u8 byte = 0;

	if (io_in8(STATUS) == 0xff)
		return false;
	if (!command(CMD_KEYBOARD_OFF) || !command(CMD_MOUSE_OFF))
		return false;
	for (unsigned i = 0; i < 64 && io_in8(STATUS) & STATUS_OUTPUT; i++)
		io_in8(DATA); /* what was typed so far */
	if (!command(CMD_READ_CONFIG) || !answer(&byte, SHORT_NS))
		return false;
	config = byte & ~(CONFIG_IRQ | CONFIG_MOUSE_IRQ);
	if (!command(CMD_SELF_TEST) || !answer(&byte, TEST_NS) || byte != 0x55) {
		log_warn("ps2: the controller fails its self-test (%#x)", byte);
		return false;
	}
	if (!config_write((config | CONFIG_TRANSLATE) & ~CONFIG_CLOCK_OFF))
		return false;
	if (!command(CMD_TEST_PORT) || !answer(&byte, SHORT_NS) || byte) {
		log_warn("ps2: the keyboard's port fails its test (%#x)", byte);
		return false;
	}
	if (!command(CMD_READ_CONFIG) || !answer(&byte, SHORT_NS))
		return false;
	*translated = byte & CONFIG_TRANSLATE;
	return command(CMD_KEYBOARD_ON);
}

void ps2_controller_interrupts_on(void)
{
	config_write(config | CONFIG_IRQ);
}
