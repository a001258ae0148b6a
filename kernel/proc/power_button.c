/*
 * The power button asks the first process to switch the machine off, by a signal, as
 * Ctrl-Alt-Delete asks it to restart (SIGINT). `powerbutton=` on the command line says which:
 *
 *	poweroff   SIGUSR2, on which BusyBox' and other inits shut down and switch off (the default)
 *	ignore     none: the press is only logged
 *	1 … 64     that signal
 *
 * An init that does not handle the signal is not harmed by it (signal(7)).
 */
#include "proc/power_button.h"

#include "core/cmdline.h"
#include "core/log.h"
#include "dev/power.h"
#include "lib/string.h"
#include "proc/signal.h"
#include "sched/work.h"

static int button_signal = SIGUSR2; /* constant after power_button_init(); 0: none */
static struct work button_work;

static void button_worker(struct work *work)
{
	struct abi_siginfo info = signal_info_kernel(button_signal);
	struct process *init = process_find(1);

	if (!init)
		return;
	log_info("power: init gets signal %d", button_signal);
	(void)signal_send_process(init, &info);
	process_put(init);
}

static void button_pressed(void)
{
	work_queue(&button_work);
}

void power_button_init(void)
{
	char text[16];
	u64 n;

	if (cmdline_get("powerbutton", text, sizeof(text)) && strcmp(text, "poweroff")) {
		n = cmdline_u64("powerbutton", 0);
		if (strcmp(text, "ignore") && (n < 1 || n > 64))
			log_warn("power: powerbutton=%s is not understood: ignored", text);
		button_signal = n <= 64 ? (int)n : 0;
	}
	if (!button_signal)
		return;
	work_init(&button_work, button_worker);
	power_button_listen(button_pressed);
}
