# The recorder of the guest tests' system calls: a static program, carried by the test image in
# /usr/lib/skerry-tests, and started there by run -r.

RECORD_DIR  := userland/record
RECORD_PROG := $(B)/record/record

$(RECORD_PROG): $(RECORD_DIR)/record.c $(wildcard $(RECORD_DIR)/abi*) $(RECORD_DIR)/record.mk \
		$(SYSROOT_READY)
	$(call say,RECORD,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(RECORD_DIR)/abi.py $(RECORD_DIR)/abi.tbl $(SYSROOT)/usr/include/asm/unistd_64.h \
		$(@D)/abi_gen.h
	$(Q)$(SKERRY_CC) -static -s -std=gnu17 -O1 -Wall -Wextra -Werror -I$(@D) -o $@ $<
