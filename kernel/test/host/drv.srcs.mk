HOST_SRCS_drv := kernel/drv/ahci/ata_identify.c kernel/drv/ps2/ps2_scancode.c \
	kernel/dev/input_set1.c \
	kernel/drv/acpi/acpi_fadt.c kernel/drv/acpi/acpi_resource.c \
	kernel/drv/e1000/e1000_nvm.c
