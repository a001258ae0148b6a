/* Private to arch: the decision at boot. */
#pragma once

/* Starts the early console if the command line wants it. After boot_info_init(). */
void early_console_init(void);
