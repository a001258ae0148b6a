# The AML machine: byte code is made of ASL by Debian's iasl, QEMU's own tables come from QEMU.
AML_SRCS := $(patsubst %,kernel/drv/acpi/aml_%.c,call convert data define define_field device eval \
	field flow frame machine math namespace object opcode predefined reference region store \
	stream sync target)
HOST_SRCS_aml := $(AML_SRCS) kernel/drv/acpi/acpi_resource.c
$(HOST_O)/test_aml: $(HOST_O)/aml_host.o
$(HOST_O)/test_aml: | $(HOST_O)/aml/values.aml $(HOST_O)/aml/wrong.aml \
	$(HOST_O)/aml/q35-DSDT.aml

$(HOST_O)/aml/%.aml: $(HOST_DIR)/aml/%.asl
	$(Q)mkdir -p $(@D)
	$(Q)iasl -f -oa -vr -p $(@:.aml=) $< >$(@:.aml=.log) 2>&1 && test -f $@ || \
		{ cat $(@:.aml=.log); exit 1; }
$(HOST_O)/aml/q35-DSDT.aml: $(HOST_DIR)/aml/dump-tables
	$(Q)mkdir -p $(@D) && $< q35 $(@D)/q35 && $< pc $(@D)/pc

# The fuzz target's stand-in for the world is compiled with its compiler.
$(HOST_O)/fuzz_aml: $(HOST_O)/fuzz/test/host/aml_host.o
