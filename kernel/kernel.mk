# The kernel: every .c and .S file of the rooms, compiled into $(B)/kernel/ and linked into $(B)/skerry.elf.
# VARIANT=release|debug chooses checks. `make obj ROOM=vfs` compiles one room.

VARIANT ?= release
KSRC  := $(shell find kernel -name '*.c' -not -path 'kernel/test/host/*' -not -path 'kernel/arch/x86_64/vdso/*' | LC_ALL=C sort)
KASM  := $(shell find kernel -name '*.S' -not -path 'kernel/arch/x86_64/vdso/*' | LC_ALL=C sort)
KOBJ  := $(KSRC:%.c=$(B)/%.o) $(KASM:%.S=$(B)/%.o) $(B)/gen/sys/syscall_table.o $(B)/gen/sys/syscall_names.o

KCC     := gcc
KCFLAGS := -std=gnu17 -O2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	-fno-strict-aliasing -fno-common -fno-delete-null-pointer-checks -fwrapv -fno-omit-frame-pointer \
	-fno-asynchronous-unwind-tables -fcf-protection=none \
	-fstack-protector-strong -mstack-protector-guard=global -Wall -Wextra -Werror -Wno-unused-parameter \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -Wframe-larger-than=2048 \
	-Ikernel -I$(B)/gen -fmacro-prefix-map=kernel/= -ffile-prefix-map=$(CURDIR)=.
KCFLAGS_debug := -DCONFIG_DEBUG
KCFLAGS += $(KCFLAGS_$(VARIANT))
KLDFLAGS := -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none -T kernel/arch/x86_64/kernel.ld
