# The AHCI driver on a model of an HBA with one port: ahci_host.c is the hardware, ahci_host_blk.c
# stands in for the rooms around the driver.
HOST_SRCS_ahci := $(addprefix kernel/drv/ahci/,ahci.c ahci_command.c ahci_device.c ahci_error.c \
	ahci_irq.c ahci_packet.c ahci_port.c ahci_probe.c ata_identify.c) \
	kernel/dev/cdrom_sense.c
AHCI_HOST_OBJS := $(HOST_O)/ahci_host.o $(HOST_O)/ahci_host_blk.o
$(HOST_O)/test_ahci: $(AHCI_HOST_OBJS)

$(HOST_O)/src/drv/ahci/%.o $(HOST_O)/test_ahci.o $(AHCI_HOST_OBJS): \
	HOST_CFLAGS := -Ikernel/test/host/ahci_shim $(HOST_CFLAGS)
