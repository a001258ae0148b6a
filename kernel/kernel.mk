# The kernel: every .c and .S file of the rooms, compiled into $(B)/kernel/ and linked into
# $(B)/skerry.elf.
#
#   make kernel                 the whole kernel
#   make kernel PARTIAL="…"     only these rooms; what they lack of the others does nothing and
#                               returns 0 (bring-up)
#   make obj ROOM=vfs           compile one room, link nothing
#   make sparse [ROOM=vfs]      look for user pointers used as kernel pointers and the like, if
#                               sparse is installed
#   VARIANT=release|debug|kasan|ubsan  checks; a change of flags rebuilds what they change
#
# It is linked twice: the first image yields the symbol table that the second contains
# (core/gen-symbols).

VARIANT ?= release
Q       ?= $(if $(V),,@)

KCC     := gcc
KCFLAGS := -std=gnu17 -O2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-strict-aliasing -fno-common -fno-delete-null-pointer-checks \
	-fwrapv -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fcf-protection=none \
	-fno-optimize-sibling-calls -fstack-protector-strong -mstack-protector-guard=global -Wall \
	-Wextra -Werror -Wno-unused-parameter -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wframe-larger-than=2048 -Ikernel -I$(B)/gen -fmacro-prefix-map=kernel/= \
	-ffile-prefix-map=$(CURDIR)=. -DCONFIG_ERRNO_SITES
KCFLAGS_release :=
KCFLAGS_debug   := -DCONFIG_DEBUG
# Not bool and enum: for these checks gcc 12 reads a volatile variable once and not again, so that
# loops which wait for a flag never end.
KCFLAGS_ubsan   := -DCONFIG_DEBUG -fsanitize=undefined -fsanitize-undefined-trap-on-error \
	-fno-sanitize=alignment,bool,enum -Wno-error
KCFLAGS_kasan   := -DCONFIG_DEBUG -DCONFIG_KASAN -fno-tree-loop-distribute-patterns \
	-Wno-frame-larger-than -Wno-error=maybe-uninitialized
KCFLAGS += $(KCFLAGS_$(VARIANT))
# For all files but those of KASAN_PLAIN (below).
KASAN_CFLAGS := $(if $(filter kasan,$(VARIANT)),-fsanitize=kernel-address \
	-fasan-shadow-offset=0xdffffc0000000000 --param=asan-globals=1 --param=asan-stack=1 \
	--param=asan-instrumentation-with-call-threshold=10000)
KASFLAGS := -Ikernel -I$(B)/gen -g -Wa,-I$(B)/kernel/arch/x86_64/vdso -ffile-prefix-map=$(CURDIR)=.
KASFLAGS += $(filter -DCONFIG_%,$(KCFLAGS_$(VARIANT)))
KLDFLAGS := -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none \
	-T kernel/arch/x86_64/kernel.ld

# What only the address sanitizer needs, and the objects that it does not look into:
#   core/kasan*, arch/x86_64/kasan_shadow, mm/kasan_objects   the checker itself
#   mm/slab                chains free objects through their first words
#   core/panic             reads whatever it can while the shadow may be what is wrong
#   arch/x86_64/trace      walks stacks of threads that are not running
#   arch/x86_64/errno_sites  writes text
# What is written in assembly is not instrumented either: core/kasan_string.c and usercopy.c look
# at the ranges instead. The vDSO is the user's.
KASAN_ONLY := $(addprefix %/,kasan.c kasan_report.c kasan_stacks.c kasan_string.c kasan_shadow.c \
	kasan_objects.c ktest_kasan.c)
KASAN_PLAIN := $(addprefix core/,kasan kasan_report kasan_stacks kasan_string panic) \
	$(addprefix arch/x86_64/,kasan_shadow trace errno_sites) mm/kasan_objects mm/slab

KSRC := $(shell find kernel -name '*.[cS]' -not -path 'kernel/test/host/*' -not -path '*/vdso/*' | \
	LC_ALL=C sort)
KSRC := $(if $(filter kasan,$(VARIANT)),$(KSRC),$(filter-out $(KASAN_ONLY),$(KSRC)))
KOBJ := $(addprefix $(B)/,$(addsuffix .o,$(basename $(KSRC)))) \
	$(addprefix $(B)/gen/,sys/syscall_table.o sys/syscall_names.o drv/fb/font.o)
ifdef PARTIAL
KOBJ := $(filter $(PARTIAL:%=$(B)/kernel/%/%),$(KOBJ))
KMISSING := $(B)/kernel/missing.o
endif

# The flags that the objects were made with, and the list of objects: the files change when these
# do.
KFLAGS_FILE := $(B)/kernel/flags
KOBJ_FILE := $(B)/kernel/objects
$(shell mkdir -p $(B)/kernel)
ifneq ($(strip $(file <$(KFLAGS_FILE))),$(strip $(KCC) $(KCFLAGS) $(KASAN_CFLAGS) $(KASFLAGS)))
$(file >$(KFLAGS_FILE),$(KCC) $(KCFLAGS) $(KASAN_CFLAGS) $(KASFLAGS))
endif
ifneq ($(strip $(file <$(KOBJ_FILE))),$(strip $(KOBJ)))
$(file >$(KOBJ_FILE),$(KOBJ))
endif

.PHONY: kernel obj sparse
kernel: $(B)/skerry.elf ## build the kernel
obj: $(filter $(B)/kernel/$(ROOM)/%,$(KOBJ)) ## compile one room: make obj ROOM=vfs

sparse: $(KGEN_SYS) ## check the kernel's pointer annotations with sparse: make sparse [ROOM=vfs]
	$(Q)bad=; for f in $(filter kernel/$(if $(ROOM),$(ROOM)/)%.c,$(KSRC)); do \
		sparse $(KCFLAGS) -Wno-decl -Wno-cast-truncate -D__VERSION__='""' $$f || bad=1; \
	done; [ -z "$$bad" ]

ifeq ($(VARIANT),kasan)
# The routines that core/kasan_string.c stands in front of.
KASAN_STRING := memcpy memmove memset memcmp page_clear page_copy
$(B)/kernel/arch/x86_64/string.o: private KASFLAGS += $(foreach f,$(KASAN_STRING),-D$f=raw_$f)
endif

$(B)/kernel/%.o: kernel/%.c $(KFLAGS_FILE)
	$(Q)echo '  CC      $<' && mkdir -p $(@D) && $(KCC) $(KCFLAGS) \
		$(if $(filter $*,$(KASAN_PLAIN)),,$(KASAN_CFLAGS)) -MMD -MP -c $< -o $@
$(B)/kernel/%.o: kernel/%.S $(KFLAGS_FILE)
	$(Q)echo '  AS      $<' && mkdir -p $(@D) && $(KCC) $(KASFLAGS) -MMD -MP -c $< -o $@
$(B)/gen/%.o: $(B)/gen/%.c $(KFLAGS_FILE)
	$(Q)echo '  CC      $<' && $(KCC) $(KCFLAGS) -MMD -MP -c $< -o $@

# From the one list of system calls: the dispatch table, the names and formats for the tracer, the
# prototypes.
KGEN_SYS := $(addprefix $(B)/gen/sys/,syscall_table.c syscall_names.c)
$(KGEN_SYS) &: kernel/sys/gen-syscalls kernel/sys/syscalls.tbl
	$(Q)echo '  GEN     $(B)/gen/sys' && mkdir -p $(B)/gen/sys && \
		kernel/sys/gen-syscalls kernel/sys/syscalls.tbl $(B)/gen/sys

$(filter $(B)/kernel/sys/%,$(KOBJ)): | $(KGEN_SYS)

# The screen's font, from GRUB's.
$(B)/gen/drv/fb/font.c: kernel/drv/fb/gen-font /usr/share/grub/unicode.pf2
	$(Q)echo '  GEN     $@' && mkdir -p $(@D) && \
		kernel/drv/fb/gen-font /usr/share/grub/unicode.pf2 >$@

# The vDSO: a shared object of its own, for user mode, embedded by vdso_image.S.
KVDSO := $(B)/kernel/arch/x86_64/vdso
KVDSO_CFLAGS := -std=gnu17 -O2 -ffreestanding -fPIC -fno-common -fvisibility=hidden \
	-mgeneral-regs-only -fomit-frame-pointer -fno-stack-protector -fcf-protection=none \
	-fasynchronous-unwind-tables -Wall -Wextra -Werror -Ikernel
KVDSO_LDFLAGS := -shared -nostdlib -Bsymbolic --hash-style=both --eh-frame-hdr \
	-soname=linux-vdso.so.1 -z max-page-size=4096 -z noexecstack --build-id=none \
	--no-undefined -T kernel/arch/x86_64/vdso/vdso.ld
$(KVDSO)/vdso.o: kernel/arch/x86_64/vdso/vdso.c $(KFLAGS_FILE)
	$(Q)echo '  CC      $<' && mkdir -p $(@D) && $(KCC) $(KVDSO_CFLAGS) -MMD -MP -c $< -o $@
$(KVDSO)/vdso.so: $(KVDSO)/vdso.o kernel/arch/x86_64/vdso/vdso.ld
	$(Q)echo '  LD      $@' && ld $(KVDSO_LDFLAGS) $< -o $@ && strip --strip-unneeded $@
$(B)/kernel/arch/x86_64/vdso_image.o: $(KVDSO)/vdso.so

# For a partial kernel: every name that no object defines, as a function that returns 0.
$(B)/kernel/missing.S: $(KOBJ) $(KOBJ_FILE)
	$(Q){ nm -u $(KOBJ) | awk '$$1 == "U" {print $$2}' | sort -u; \
		nm --defined-only $(KOBJ) | awk 'NF == 3 {print $$3; print $$3}'; } | \
		sort | uniq -c | awk 'BEGIN {print ".text"} \
			$$1 == 1 && $$2 !~ /_(start|end)$$|^symbols_|^kernel_phys/ \
			{print ".globl " $$2 "\n" $$2 ":"} END {print "xor %eax, %eax\nret"}' >$@

# The two links. The first one's table is empty and it carries no debug information.
$(B)/kernel/symbols_none.S: kernel/core/gen-symbols
	$(Q)mkdir -p $(@D) && kernel/core/gen-symbols >$@
$(B)/kernel/first.elf: $(KOBJ) $(KMISSING) $(B)/kernel/symbols_none.o \
		kernel/arch/x86_64/kernel.ld $(KOBJ_FILE)
	$(Q)ld -S $(KLDFLAGS) $(filter %.o,$^) -o $@
$(B)/kernel/symbols.S: $(B)/kernel/first.elf kernel/core/gen-symbols
	$(Q)kernel/core/gen-symbols $< >$@
$(B)/kernel/symbols.o $(B)/kernel/symbols_none.o $(B)/kernel/missing.o: %.o: %.S
	$(Q)$(KCC) -c $< -o $@
$(B)/skerry.elf: $(KOBJ) $(KMISSING) $(B)/kernel/symbols.o kernel/arch/x86_64/kernel.ld
	$(Q)echo '  LD      $@' && ld $(KLDFLAGS) $(filter %.o,$^) -o $@

-include $(KOBJ:.o=.d) $(KVDSO)/vdso.d
