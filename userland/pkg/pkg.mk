# pkg, the program that installs packages: static, since what installs libraries needs none.

PKG      := $(B)/pkg/pkg
PKG_SRCS := $(wildcard userland/pkg/*.c)

$(PKG): $(PKG_SRCS) $(wildcard userland/pkg/*.h) userland/pkg/pkg.mk $(SYSROOT_READY)
	$(call say,PKG,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(SKERRY_CC) -s -static -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -o $@ \
		$(PKG_SRCS)

IMAGE_MANIFESTS += userland/pkg/manifest
IMAGE_INPUTS    += $(PKG) $(PACKAGES_KEY).pub
