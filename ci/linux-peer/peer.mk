# The Linux peer: Debian's own kernel on our disk image, in the same QEMU. What a guest program or
# a script may expect is what it sees there.
#
#   $(USER_B)/peer/vmlinuz     Debian's kernel (PEER_KERNEL)
#   $(USER_B)/peer/initrd.img  the modules for an AHCI disk, and BusyBox to load them (PEER_INITRD)
#
# Boot it with ci/run-qemu --linux.

PEER        := $(USER_B)/peer
PEER_KERNEL := $(PEER)/vmlinuz
PEER_INITRD := $(PEER)/initrd.img
PEER_DEB    := $(DISTCACHE)/linux-peer.deb

$(PEER_DEB):
	$(Q)ci/fetch --cache $(DISTCACHE) deb linux-image-amd64 --follow 'linux-image-[0-9]' \
		--as $(@F)

$(PEER_KERNEL): $(PEER_DEB)
	$(call say,PEER,$@)
	$(Q)rm -rf $(PEER) && mkdir -p $(PEER)/package
	$(Q)dpkg-deb --extract $< $(PEER)/package
	$(Q)cp $(PEER)/package/boot/vmlinuz-* $@
	$(Q)touch $@

$(PEER_INITRD): $(PEER_KERNEL) $(BUSYBOX) ci/linux-peer/init ci/linux-peer/mkinitrd
	$(call say,PEER,$@)
	$(Q)ci/linux-peer/mkinitrd $@ $(PEER)/package $(BUSYBOX) ci/linux-peer/init

.PHONY: peer
peer: $(PEER_KERNEL) $(PEER_INITRD) ## Debian's kernel and initial RAM disk, to compare with
