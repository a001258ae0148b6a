/*
 * The one public function of each driver, defined by the driver, called by init/main.c alone:
 * nobody includes a driver's own headers. Thread context, after work_init_threads(), in this order,
 * except where it says otherwise.
 */
#pragma once

/* Log consoles by console=ttySn (none: ttyS0). As early as cmdline, log and the clock work. */
void serial_console_init(void);
/* The firmware's byte code, and what it tells of: power off, reset, the power button (dev/power.h),
 * the routing of PCI's pins (dev/pci.h). After pci_init(), before drivers of PCI devices. */
void acpi_register(void);
void serial_register(void);      /* COM1 … COM4 as uart ports (dev/uart.h) */
void display_register(void);     /* screen (dev/display.h); after pci_init() */
void ps2_register(void);         /* keyboard (dev/input.h) */
/* Disks (dev/blk.h), which are registered on return; after pci_init() and blk_init(). */
void ahci_register(void);
/* Network interfaces (dev/netif.h), registered and down; after pci_init() and netif_init(). */
void e1000_register(void);
void virtio_rng_register(void);  /* generators of random numbers (dev/hwrng.h); after pci_init() */
