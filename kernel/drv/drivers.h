/*
 * Every driver's one public function, for init/main.c alone: the order of calls is the order in which things are there. Thread context, after work_init_threads().
 */
#pragma once

void acpi_power_register(void);  /* power off and reset by ACPI */
void serial_console_init(void);  /* log consoles by console=ttySn (none named: ttyS0). As early as cmdline, log and the clock work */
void serial_register(void);      /* COM1 … COM4 as uart ports (dev/uart.h). After serial_console_init() */
void display_register(void);     /* screen; after pci_init() */
void ps2_register(void);         /* keyboard */
void ahci_register(void);        /* disks; after pci_init() and blk_init(); on return the disks that are there are registered */
