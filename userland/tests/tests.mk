# The guest tests: static programs in $(B)/tests/, and a manifest that names them all for the image
# that carries them (see ci/ci.mk).
#
# Every test_<name>.c here is a program with tap.c and tap_fail.c; every test_<name>.sh goes in as
# it is.
# prog_hello.c is what test_exec runs, linked in all three ways; prog_net.c the ends of the system
# tests' connections; prog_cuts.c what is done while the power is cut; prog_crafted.c works through
# damaged images (ci/crafted); prog_tree.c writes and compares trees (ci/system/test_cross.py);
# prog_faults.c works on a disk whose requests fail (ci/system/test_faults.py).

TESTS_DIR   := userland/tests
TESTS_O     := $(B)/tests
TESTS_NAMES := $(sort $(patsubst $(TESTS_DIR)/test_%.c,%,$(wildcard $(TESTS_DIR)/test_*.c)))
TESTS_SH    := $(sort $(patsubst $(TESTS_DIR)/test_%.sh,%,$(wildcard $(TESTS_DIR)/test_*.sh)))
TESTS_TAP    := $(addprefix $(TESTS_DIR)/,tap.c tap_fail.c tap_net.c)
TESTS_CFLAGS := -std=gnu17 -O1 -g -Wall -Wextra -Werror -Wno-format-truncation
TESTS_PROGS  := $(addprefix $(TESTS_O)/,$(TESTS_NAMES))
TESTS_HELLO  := $(addprefix $(TESTS_O)/hello-,static static-pie dynamic)
TESTS_ENDS   := $(addprefix $(TESTS_O)/,net cuts crafted tree faults)
TESTS_INPUTS := $(TESTS_PROGS) $(TESTS_HELLO) $(TESTS_ENDS) $(TESTS_O)/manifest

$(TESTS_O)/%: $(TESTS_DIR)/test_%.c $(TESTS_TAP) $(wildcard $(TESTS_DIR)/*.h) \
		$(TESTS_DIR)/tests.mk $(SYSROOT_READY)
	$(call say,TEST,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(SKERRY_CC) -static $(TESTS_CFLAGS) -o $@ $< $(TESTS_TAP)
	$(Q)objcopy --only-keep-debug $@ $@.debug && strip $@

$(TESTS_O)/hello-static:     HELLO_FLAGS := -static
$(TESTS_O)/hello-static-pie: HELLO_FLAGS := -static-pie -fPIE
$(TESTS_O)/hello-dynamic:    HELLO_FLAGS :=
$(TESTS_HELLO): $(TESTS_DIR)/prog_hello.c $(TESTS_DIR)/tests.mk $(SYSROOT_READY)
	$(Q)mkdir -p $(@D)
	$(Q)$(SKERRY_CC) $(HELLO_FLAGS) $(TESTS_CFLAGS) -s -o $@ $<

$(TESTS_ENDS): $(TESTS_O)/%: $(TESTS_DIR)/prog_%.c $(wildcard $(TESTS_DIR)/*.h) \
		$(TESTS_DIR)/tests.mk $(SYSROOT_READY)
	$(Q)mkdir -p $(@D)
	$(Q)$(SKERRY_CC) -static $(TESTS_CFLAGS) -s -o $@ $<

$(TESTS_O)/manifest: FORCE
	$(Q)mkdir -p $(@D)
	$(Q){ for t in $(TESTS_NAMES) $(notdir $(TESTS_HELLO) $(TESTS_ENDS)); do \
			echo "file /usr/lib/skerry-tests/$$t 0755 0 0 $(TESTS_O)/$$t"; done; \
		for t in $(TESTS_SH); do \
			echo "file /usr/lib/skerry-tests/$$t 0755 0 0 $(TESTS_DIR)/test_$$t.sh"; \
		done; \
		} >$@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@

.PHONY: tests
tests: $(TESTS_INPUTS) ## the guest tests' programs
