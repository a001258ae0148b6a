# Testing. `make test` runs all that is quick and ends with one line, `N passed, N failed`.
#
#   $(B)/test.img   the user's image with the guest tests in /usr/lib/skerry-tests and the benchmark
#
# Parts: unit (host), selftest (in the kernel), tools (ci/tests and the floor plan), guest
# (userland/tests, on both kernels), system (ci/system). test-full adds what takes long; bench
# compares speed. One alone:
#
#   make test-guest TEST=signal KERNEL=linux      a group or a test of userland/tests/groups
#   make test-system TEST='boot -k uefi'          a file of ci/system, and what pytest understands
#   make test-unit ONLY=radix

TEST_MANIFESTS := $(IMAGE_MANIFESTS) $(TESTS_DIR)/manifest $(TESTS_O)/manifest \
	$(BENCH_DIR)/manifest $(RECORD_DIR)/manifest

$(TESTS_O)/root.fs: $(TESTS_INPUTS) $(BENCH_PROGS) $(RECORD_PROG) $(TEST_MANIFESTS) \
		$(IMAGE_INPUTS) image/mkroot $(IMG)/settings
	$(call say,ROOT,$@)
	$(Q)size=$$(image/mkdisk layout $(IMAGE_SIZE)) && \
		image/mkroot $@ $$size $(EPOCH) $@.d $(TEST_MANIFESTS) $(IMAGE_VARS)
-include $(TESTS_O)/root.fs.d

$(B)/test.img: $(IMG)/core.img $(IMG)/esp.fat $(TESTS_O)/root.fs image/mkdisk
	$(call say,IMAGE,$@)
	$(Q)image/mkdisk build $@ $(IMAGE_SIZE) $(GRUB_DIR)/i386-pc/boot.img \
		$(IMG)/core.img $(IMG)/esp.fat $(TESTS_O)/root.fs

KERNEL_UNDER_TEST = $(or $(filter skerry linux,$(KERNEL)),skerry)
TEST_ENV   := B=$(B) USER_B=$(USER_B) MAKE='$(MAKE)' BUSYBOX_SRC=$(BUSYBOX_SRC)
TEST_READY := $(B)/initramfs.img $(B)/test.img $(B)/skerry.img $(B)/skerry.elf $(PEER_KERNEL) \
	$(PEER_INITRD) $(CUTS_HELPER)
TEST_READY += $(B)/host/crafted-disk $(B)/host/bases/stamp $(B)/skerry-sdk.tar.xz \
	$(B)/skerry.qcow2 $(B)/skerry.vmdk
SUITES_READY := $(PORTS)/posixtestsuite/.built $(B)/skerry-sdk-cxx.tar.xz

bench-icount: $(TEST_READY) ## instructions per operation, in docs/performance.md; or ROWS=fork
	$(Q)$(TEST_ENV) ci/bench-icount $(or $(ROWS),--page docs/performance.md)

.PHONY: bench bench-icount check screenshot crafted power-cuts syscalls-page test test-full \
	test-unit test-selftest test-tools test-guest test-system

check: $(KGEN_SYS) ## the floor plan, each header alone, lines, what errors mean, recipes, pages
	$(Q)ci/check-rooms -I $(B)/gen
	$(Q)ci/check-style
	$(Q)ci/check-errno
	$(Q)ports/lint
	$(Q)ports/status --check
	$(Q)ci/check-man

test: $(TEST_READY) $(HOST_PROGRAMS) $(KGEN_SYS) ## build everything and run the tests
	+$(Q)$(TEST_ENV) ci/test unit selftest variants tools guest two icount system

test-full: $(TEST_READY) $(HOST_PROGRAMS) $(KGEN_SYS) $(SUITES_READY) ## all: suites, fuzzing
	$(Q)ci/setup ci/packages-full
	+$(Q)$(TEST_ENV) FUZZ_SECONDS=$(FUZZ_SECONDS) ci/test --full unit selftest tools guest \
		system busybox posix fuzz debug kasan ubsan two icount stress-ng

test-unit: host-test ## unit tests on the host (ONLY=name)

test-selftest: $(TEST_READY) ## self-tests inside the kernel: TEST=beginning of their names
	$(Q)$(TEST_ENV) ci/selftest $(TEST)

test-tools: ## tests of the build's own tools
	+$(Q)$(TEST_ENV) ci/test tools

test-guest: $(TEST_READY) ## guest tests: TEST=group|test|all KERNEL=skerry|linux LONG=1
	$(Q)$(TEST_ENV) ci/guest --kernel $(KERNEL_UNDER_TEST) $(if $(LONG),--long) \
		$(or $(TEST),all)

test-system: $(TEST_READY) ## system tests: TEST='file -k name'
	$(Q)$(TEST_ENV) TEST_FULL=$(LONG) \
		/usr/bin/python3 -m pytest -q -p no:cacheprovider --tb=short $(if $(TEST), \
			ci/system/test_$(firstword $(TEST)).py $(wordlist 2,99,$(TEST)),ci/system)

syscalls-page: $(TEST_READY) ## docs/syscalls.md, from the guest tests, recorded on both kernels
	$(Q)$(TEST_ENV) ci/syscalls-page

power-cuts: $(TEST_READY) ## cut the power at every moment of many workloads (three hours)
	$(Q)$(TEST_ENV) ci/power-cuts full

crafted: $(TEST_READY) ## COUNT=10000 damaged images, mounted by a kernel of VARIANT=kasan
	+$(Q)$(MAKE) -s B=$(B)/kasan VARIANT=kasan $(B)/kasan/skerry.elf
	$(Q)$(TEST_ENV) B=$(B)/kasan TEST_IMAGE=$(B)/test.img HOST_B=$(B)/host \
		ci/crafted --count $(or $(COUNT),10000)

screenshot: $(B)/skerry.img ## the README's picture, docs/screenshot.png
	$(Q)B=$(B) ci/screenshot $(B)/skerry.img docs/screenshot.png

bench: $(TEST_READY) $(WIRE_PEER) ## beside Linux: ROWS='pipe fork' PAGE=docs/… BOOTS=3 SMP=1,2
	$(Q)$(TEST_ENV) ci/bench --boots $(or $(BOOTS),3) $(if $(SMP),--smp $(SMP)) \
		$(if $(PAGE),--page $(PAGE)) $(ROWS)
