# BusyBox, unmodified and static, as init, shell and every everyday command; and /etc.
#
# What the image holds of it is said in image/manifest; the applet links come from BusyBox itself
# ($(BUSYBOX_LINKS): one path per applet).

BUSYBOX_VERSION := 1.35.0
BUSYBOX_SRC     := $(USER_B)/src/busybox-$(BUSYBOX_VERSION)
BUSYBOX_BUILD   := $(USER_B)/busybox
BUSYBOX         := $(BUSYBOX_BUILD)/busybox
BUSYBOX_LINKS   := $(BUSYBOX_BUILD)/busybox.links

# BusyBox prints when it was built; a fixed date keeps two builds the same.
BUSYBOX_ENV := SOURCE_DATE_EPOCH=1640520000 TZ=UTC0 LC_ALL=C

$(BUSYBOX_SRC)/.unpacked: userland/userland.mk
	$(Q)ci/fetch --cache $(DISTCACHE) source busybox
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar -xf $(DISTCACHE)/busybox_$(BUSYBOX_VERSION).orig.tar.bz2 -C $(@D) \
		--strip-components=1
	$(Q)touch $@

# BusyBox's own defaults, then our fragment over them; an option the fragment names and the result
# does not have is an error, so that the fragment never claims what is not so.
$(BUSYBOX_BUILD)/.config: $(BUSYBOX_SRC)/.unpacked userland/busybox/config \
		userland/busybox/configure
	$(Q)rm -rf $(BUSYBOX_BUILD) && mkdir -p $(BUSYBOX_BUILD)
	+$(Q)$(BUSYBOX_ENV) MAKE='$(MAKE)' userland/busybox/configure $(BUSYBOX_SRC) \
		$(BUSYBOX_BUILD) userland/busybox/config

$(BUSYBOX): $(BUSYBOX_BUILD)/.config $(SYSROOT_READY)
	$(call say,BUSYBOX,$(BUSYBOX_VERSION))
	+$(Q)$(BUSYBOX_ENV) $(MAKE) -C $(BUSYBOX_BUILD) CC=$(abspath $(SKERRY_CC)) HOSTCC=gcc \
		AR=ar STRIP=strip NM=nm OBJCOPY=objcopy busybox busybox.links \
		>$(BUSYBOX_BUILD)/build.log 2>&1 || \
		{ grep -E 'error|undefined|\*\*\*' $(BUSYBOX_BUILD)/build.log | \
			cut -c1-300 >&2; exit 1; }
	$(Q)touch $@ $(BUSYBOX_LINKS)

$(BUSYBOX_LINKS): $(BUSYBOX) ;

.PHONY: userland
userland: $(BUSYBOX) $(BUSYBOX_LINKS) ## BusyBox
