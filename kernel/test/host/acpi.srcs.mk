HOST_SRCS_acpi := kernel/arch/x86_64/acpi_check.c kernel/drv/acpi/acpi_fadt.c
$(HOST_O)/test_acpi: | $(HOST_O)/aml/q35-DSDT.aml
