# Layouts of keyboards, $(KEYMAPS)/NAME.gz, made of Debian's descriptions by Debian's tools.

KEYMAPS       := $(USER_B)/keymaps
KEYMAPS_TOOLS := $(USER_B)/src/keymaps
KEYMAPS_DEBS  := kbd_2.5.1-1+b1_amd64 console-setup_1.221_all xkb-data_2.35.1-1_all

$(KEYMAPS_TOOLS)/.unpacked: userland/keymaps/keymaps.mk
	$(Q)ci/fetch --cache $(DISTCACHE) deb kbd console-setup xkb-data
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)for deb in $(KEYMAPS_DEBS); do dpkg-deb -x $(DISTCACHE)/$$deb.deb $(@D) || exit 1; done
	$(Q)touch $@

$(KEYMAPS)/us.gz: userland/keymaps/layouts userland/keymaps/make-maps $(KEYMAPS_TOOLS)/.unpacked
	$(call say,KEYMAPS,$(@D))
	$(Q)userland/keymaps/make-maps userland/keymaps/layouts $(KEYMAPS_TOOLS) $(@D)

IMAGE_MANIFESTS += userland/keymaps/manifest
IMAGE_INPUTS    += $(KEYMAPS)/us.gz
