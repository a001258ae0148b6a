# Packages of ports for the pkg command (userland/pkg): a folder with a signed index, as a server, a
# disk, or in the image.
#
#   packages         build/packages: those of all ports that are built, and their index
#   serve-packages   by HTTP on 127.0.0.1, which a guest on QEMU's network calls 10.0.2.2
#   packages-disk    build/packages.img, the same as a disk that pkg finds by its label;
#                    `make run PACKAGES_DISK=1` brings it along
#   PACKAGES="…"     ports whose packages, and all they need, the image has in /var/packages
#
# The key that signs is made once, with the image or before, and stays in $(USER_B): images made
# here take packages made here. PACKAGES_KEY=path takes another (path.sec, path.pub: signify -G).

PACKAGES_DIR  := $(USER_B)/packages
PACKAGES_KEY  ?= $(USER_B)/packages.key
PACKAGES_PORT ?= 8000
PACKAGES      ?=
IMAGE_PACKAGES := $(B)/image-packages

$(PACKAGES_KEY).pub:
	$(call say,KEY,$(@F))
	$(Q)mkdir -p $(@D) && rm -f $(PACKAGES_KEY).sec $@
	$(Q)(umask 077 && signify-openbsd -G -n -c skerry -p $@ -s $(PACKAGES_KEY).sec)

.PHONY: packages serve-packages packages-disk
packages: $(PACKAGES_KEY).pub ## packages of all ports that are built, with a signed index
	$(Q)mkdir -p $(PACKAGES_DIR)
	$(Q)rm -f $(PACKAGES_DIR)/*.deb
	$(Q)cp $(PORTS)/*/*.deb $(PACKAGES_DIR) 2>/dev/null || \
		{ echo 'no port is built: make ports, or make port-NAME' >&2; exit 1; }
	$(Q)ports/index $(PACKAGES_DIR) $(PACKAGES_KEY)
	@echo "  INDEX   $(PACKAGES_DIR): $$(grep -c ^Package: $(PACKAGES_DIR)/Packages) packages"

serve-packages: packages ## build/packages by HTTP on 127.0.0.1 (PACKAGES_PORT=8000)
	@echo '  SERVE   http://10.0.2.2:$(PACKAGES_PORT) for the guest (Ctrl-C ends)'
	$(Q)python3 -m http.server --bind 127.0.0.1 --directory $(PACKAGES_DIR) $(PACKAGES_PORT)

packages-disk: packages ## build/packages as a disk, build/packages.img
	$(Q)rm -f $(PACKAGES_DIR).img
	$(Q)mke2fs -q -t ext2 -L packages -b 4096 -d $(PACKAGES_DIR) $(PACKAGES_DIR).img \
		$$(($$(du -sm $(PACKAGES_DIR) | cut -f1) * 5 / 4 + 4))M

# For `make run`: one more disk.
ifdef PACKAGES_DISK
run: packages-disk
RUN_DISKS += $(PACKAGES_DIR).img
endif

ifneq ($(PACKAGES),)
IMAGE_MANIFESTS += ports/packages.manifest
IMAGE_INPUTS    += $(IMAGE_PACKAGES)/Release
# A port and what it depends on, each once.
port_closure = $(sort $(1) $(foreach p,$(1),$(call port_closure,$(shell ports/depends $(p)))))
PACKAGES_ALL   := $(call port_closure,$(PACKAGES))

$(IMAGE_PACKAGES)/wanted: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(PACKAGES_ALL)' | cmp -s - $@ || echo '$(PACKAGES_ALL)' >$@

$(IMAGE_PACKAGES)/Release: $(IMAGE_PACKAGES)/wanted $(PACKAGES_ALL:%=$(PORTS)/%/.built) \
		$(PACKAGES_KEY).pub ports/index
	$(Q)rm -rf $(@D)/files && mkdir $(@D)/files
	$(Q)cp $(PACKAGES_ALL:%=$(PORTS)/%/*.deb) $(@D)/files
	$(Q)ports/index $(@D)/files $(PACKAGES_KEY)
	$(Q)cp $(@D)/files/Release $@
endif
