# The host's unit tests: kernel sources that need no kernel, under ASan and UBSan.
#
#   host-test             runs all and ends with "N passed, N failed"; ONLY=name runs one program
#   fuzz                  runs each fuzz target for FUZZ_SECONDS
#
# Every test_<name>.c here becomes a program with unit.c and all of lib/; every fuzz_<name>.c one
# with libFuzzer and all of lib/. A test of another room names the kernel sources it needs besides
# in a file of its own, <name>.srcs.mk:
#   HOST_SRCS_<name> := kernel/fs/ext/super.c ...
# and stand-ins for what these call belong in the test itself.

HOST_DIR   := kernel/test/host
HOST_NAMES := $(sort $(patsubst $(HOST_DIR)/test_%.c,%,$(wildcard $(HOST_DIR)/test_*.c)))
HOST_FUZZ  := $(sort $(patsubst $(HOST_DIR)/fuzz_%.c,%,$(wildcard $(HOST_DIR)/fuzz_*.c)))
HOST_LIB   := $(sort $(wildcard kernel/lib/*.c))
HOST_O     := $(B)/host
# Names of errors, which abi/errno.h has for the kernel only.
HOST_ERRNO := -include asm/errno.h

HOST_CC     := gcc
HOST_CFLAGS := -std=gnu17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -fwrapv -fno-strict-aliasing -Wall -Wextra -Werror \
	-Wno-unused-parameter -Ikernel $(HOST_ERRNO)

FUZZ_CC      := clang -std=gnu17 -O1 -g -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all -fwrapv -fno-strict-aliasing -Wall -Wextra -Werror \
	-Wno-unused-parameter -Ikernel $(HOST_ERRNO)
FUZZ_SECONDS ?= 20

-include $(wildcard $(HOST_DIR)/*.srcs.mk)

# Kernel sources see the renamed libc; the tests rename after they included the host's headers.
$(HOST_O)/src/%.o: kernel/%.c $(HOST_DIR)/host.mk
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -fno-builtin -include $(HOST_DIR)/rename.h \
		-MMD -MP -c -o $@ $<

$(HOST_O)/%.o: $(HOST_DIR)/%.c $(HOST_DIR)/host.mk
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

host_objs = $(HOST_O)/test_$(1).o $(HOST_O)/unit.o \
	$(patsubst kernel/%.c,$(HOST_O)/src/%.o,$(HOST_LIB) $(HOST_SRCS_$(1)))

define host_program
$(HOST_O)/test_$(1): $(call host_objs,$(1))
	$$(Q)$$(HOST_CC) $$(HOST_CFLAGS) -o $$@ $$^
endef
$(foreach n,$(HOST_NAMES),$(eval $(call host_program,$(n))))

$(HOST_O)/fuzz/%.o: kernel/%.c $(HOST_DIR)/host.mk
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fno-builtin \
		$(if $(filter $(HOST_DIR)/%,$<),,-include $(HOST_DIR)/rename.h) \
		-MMD -MP -c -o $@ $<

define fuzz_program
$(HOST_O)/fuzz_$(1): $(patsubst kernel/%.c,$(HOST_O)/fuzz/%.o,$(HOST_DIR)/fuzz_$(1).c $(HOST_LIB) \
		$(HOST_SRCS_$(1)))
	$$(Q)$$(FUZZ_CC) -o $$@ $$^
endef
$(foreach n,$(HOST_FUZZ),$(eval $(call fuzz_program,$(n))))

HOST_PROGRAMS := $(if $(ONLY),$(HOST_O)/test_$(ONLY),$(HOST_NAMES:%=$(HOST_O)/test_%))

.PHONY: host-test fuzz
host-test: $(HOST_PROGRAMS) ## unit tests on the host (ONLY=name for one program)
	$(Q)$(HOST_DIR)/run $(if $(ONLY),,$(HOST_DIR)/abi-check) $(HOST_PROGRAMS)

fuzz: $(HOST_FUZZ:%=$(HOST_O)/fuzz_%) $(HOST_O)/bases/stamp ## fuzz the parsers, FUZZ_SECONDS each
	$(Q)export EXT_BASES=$(HOST_O)/bases; \
	for f in $(filter $(HOST_O)/fuzz_%,$^); do \
		mkdir -p $(HOST_O)/corpus/$${f##*/} && \
		timeout $$(($(FUZZ_SECONDS) + 30)) \
			$$f -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
			-artifact_prefix=$(HOST_O)/ $(HOST_O)/corpus/$${f##*/} || exit 1; \
	done

-include $(shell find $(HOST_O) -name '*.d' 2>/dev/null)
