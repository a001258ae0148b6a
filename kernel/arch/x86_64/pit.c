/*
 * Channel 2 of the 8254 interval timer (data sheet; IBM PC/AT wiring), which raises no interrupt:
 * it counts 65536 down, round and round.
 */
#include "arch/io.h"
#include "arch/x86_64/time_int.h"
#include "core/resource.h"

#define PIT_HZ       1193182
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PIT_GATE     0x61

#define COMMAND_RATE2  0xb4 /* channel 2, both bytes, mode 2 */
#define COMMAND_LATCH2 0x80
#define GATE_ON        0x01
#define SPEAKER_ON     0x02

static u64 pit_read(void)
{
	u32 low;

	io_out8(PIT_COMMAND, COMMAND_LATCH2);
	low = io_in8(PIT_CHANNEL2);
	return 0xffff & -(low | (u32)io_in8(PIT_CHANNEL2) << 8);
}

static const struct counter pit = { .name = "pit", .read = pit_read, .mask = 0xffff, .hz = PIT_HZ };

const struct counter *pit_counter(void)
{
	resource_add(RESOURCE_PORTS, PIT_CHANNEL2, 2, "timer0");
	resource_add(RESOURCE_PORTS, PIT_GATE, 1, "speaker");
	io_out8(PIT_GATE, (io_in8(PIT_GATE) & ~SPEAKER_ON) | GATE_ON);
	io_out8(PIT_COMMAND, COMMAND_RATE2);
	io_out8(PIT_CHANNEL2, 0);
	io_out8(PIT_CHANNEL2, 0);
	return &pit;
}
