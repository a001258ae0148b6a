# errno, the program that shows where errors began: in /usr/bin of every image.

ERRNO_PROG := $(B)/errno/errno

$(ERRNO_PROG): userland/errno/errno.c userland/errno/errno.mk $(SYSROOT_READY)
	$(call say,ERRNO,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(SKERRY_CC) -s -std=gnu17 -O2 -Wall -Wextra -Werror -o $@ $<

IMAGE_MANIFESTS += userland/errno/manifest
IMAGE_INPUTS    += $(ERRNO_PROG)
