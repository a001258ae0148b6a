HOST_SRCS_drv := kernel/drv/ahci/ata_identify.c kernel/drv/ps2/ps2_scancode.c kernel/drv/acpi/acpi_s5.c
