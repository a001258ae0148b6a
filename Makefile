# Skerry: the one entry. `make help` lists what it can do.
#
# One make process reads every part; each part is a file included below and names what it builds.
# Everything generated lives under $(B); fetched files under build/distfiles. Variables a user sets:
#   B=dir            output directory (build)
#   USER_B=dir       where musl, BusyBox and the Linux peer are built ($(B)): kernels may share them
#   VARIANT=         release, debug, kasan, ubsan
#   IMAGE_SIZE=      size of the disk image (512M)
#   ROOTFS=          its root file system: ext4, or ext2
#   DISTFILES=dir    take third-party files from here and not from the network
#   MEM= SMP= SCREEN= ACCEL= CPU= MACHINE=   what `make run` boots on (see ci/run-qemu; SMP: as many
#                processors as this machine has)
#   NET= NIC= MAC= SSH_PORT=   its network: user (the default), none, socket:WORDS, tap:NAME; the
#                model, e1000e or e1000, its address; the port that leads to its ssh
#   PACKAGES_DISK=1  build/packages as a disk of `make run`; PACKAGES=… (ports/packages.mk)
#   V=1              show the commands

B         ?= build
USER_B    ?= $(B)
VARIANT   ?= release
DISTCACHE ?= build/distfiles

# Our own rules are all explicit; the built-in ones only cost time. As many jobs as processors,
# unless the command line says otherwise.
MAKEFLAGS += --no-builtin-rules --no-builtin-variables --no-print-directory
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := image
.PHONY: FORCE

Q   := $(if $(V),,@)
say  = @printf '  %-7s %s\n' $(1) $(2)

# All times inside the image are the last commit's: two builds of one commit are the same bytes.
EPOCH := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),1700000000)
unexport SOURCE_DATE_EPOCH

# The tools that building needs are looked for before anything else is read: make remakes a missing
# included file first, and starts over. Goals that build nothing do not ask.
ifneq ($(filter-out help clean distclean,$(or $(MAKECMDGOALS),image)),)
-include $(B)/packages.mk
endif
$(B)/packages.mk: ci/packages ci/setup
	$(Q)mkdir -p $(@D)
	$(Q)ci/setup ci/packages
	$(Q)echo '# The packages in ci/packages are installed.' >$@

include libc-port/libc.mk
include sysroot/sysroot.mk
include userland/userland.mk
include userland/errno/errno.mk
include userland/growroot/growroot.mk
include userland/keymaps/keymaps.mk
include ports/ports.mk
include userland/man/man.mk
include ports/packages.mk
include userland/pkg/pkg.mk
include kernel/kernel.mk
include kernel/test/host/host.mk
-include userland/tests/tests.mk
-include userland/bench/bench.mk
-include userland/record/record.mk
include image/image.mk
include sysroot/sdk.mk
include ci/linux-peer/peer.mk
-include ci/wire/wire.mk
-include ci/ci.mk
include ports/tests.mk

.PHONY: help kernel run debug addr2line clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' \
		$(MAKEFILE_LIST) | sort -u

kernel: $(B)/skerry.elf ## the kernel, build/skerry.elf (VARIANT=release, debug, …)

# The disk that `make run` boots is a copy: what the guest writes survives from run to run, and the
# built image stays what was built. A new image makes a new copy.
$(B)/run.img: $(B)/skerry.img
	$(Q)cp --sparse=always --reflink=auto $< $@

run: $(B)/run.img ## build everything and boot it, console on the terminal (Ctrl-A X leaves)
	@echo "  RUN     $< (a copy of skerry.img that keeps its changes; rm it to start afresh)"
	@B=$(USER_B) SMP=$(or $(SMP),$(shell nproc)) ci/run-qemu --net '$(or $(NET),user)' $< \
		$(RUN_DISKS)

debug: $(B)/run.img $(B)/skerry.elf ## boot under gdb, stopped at the kernel's first instruction
	@B=$(B) ci/debug $< $(B)/skerry.elf

addr2line: ## name the source line of kernel addresses: make addr2line A="ffffffff80101234 …"
	@test -n "$(A)" || { echo 'make addr2line A=address…' >&2; exit 1; }
	@addr2line -apfie $(B)/skerry.elf $(A)

clean: ## remove what was built, keep what was fetched
	$(Q)if [ -d "$(B)" ]; then \
		find "$(B)" -mindepth 1 -maxdepth 1 ! -name distfiles -exec rm -rf {} +; fi

distclean: clean ## remove what was fetched, too
	$(Q)rm -rf $(DISTCACHE)
