# growroot, which makes the root file system as large as its disk: in /sbin of every image.

GROWROOT      := $(B)/growroot/growroot
GROWROOT_SRCS := userland/growroot/growroot.c userland/growroot/table.c

$(GROWROOT): $(GROWROOT_SRCS) userland/growroot/table.h userland/growroot/growroot.mk \
		$(SYSROOT_READY)
	$(call say,GROWROOT,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(SKERRY_CC) -s -std=gnu17 -O2 -Wall -Wextra -Werror -o $@ $(GROWROOT_SRCS)

IMAGE_MANIFESTS += userland/growroot/manifest
IMAGE_INPUTS    += $(GROWROOT)
