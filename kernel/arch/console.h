/* The polled console of early boot and panics. */
#pragma once

/*
 * Registers the first serial port as log console "ttyS0", if it exists and is not registered yet; a
 * driver's console of that name replaces it (core/log.h). Done by arch_init_early() if the command
 * line wants the log there, and by a panic that finds no console.
 */
void early_console_start(void);
