# The disk image, $(B)/skerry.img, from its parts:
#
#   $(B)/image/core.img, bootx64.efi   GRUB, put together by grub-mkimage with the modules it needs
#   $(B)/image/esp.fat                 boot loader, menu and kernel: all that a new kernel changes
#   $(B)/image/root.fs                 the root file system, from manifests
#
# Other parts add to the root: IMAGE_MANIFESTS += their manifest, IMAGE_INPUTS += what must be built
# before it is read (manifests may name $(B) paths as $(B)/…).

IMAGE_SIZE   ?= 512M
FORMAT       ?= raw
IMAGE_FORMATS := raw qcow2 vmdk
ROOTFS       ?= ext4
IMAGE_KERNEL ?= $(B)/skerry.elf
IMG          := $(B)/image

IMAGE_MANIFESTS := image/manifest $(IMAGE_MANIFESTS)
IMAGE_INPUTS    += $(BUSYBOX) $(BUSYBOX_LINKS) $(SYSROOT_READY)
IMAGE_VARS      := B=$(B) BUSYBOX=$(BUSYBOX) BUSYBOX_LINKS=$(BUSYBOX_LINKS) SYSROOT=$(SYSROOT) \
	PORTS=$(PORTS) KEYMAPS=$(KEYMAPS) ROOTFS=$(ROOTFS) PACKAGES_KEY=$(PACKAGES_KEY)
ESP_KIB         := 65536

GRUB_DIR      := /usr/lib/grub
GRUB_MODULES  := part_gpt fat normal multiboot2 linux serial terminal echo test keystatus reboot \
	halt
GRUB_BIOS     := biosdisk vbe vga
GRUB_EFI      := efi_gop efi_uga all_video

# What the image depends on besides files: a change of any of these makes a new one.
$(IMG)/settings: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(IMAGE_SIZE) $(ROOTFS) $(EPOCH) $(IMAGE_MANIFESTS)' | cmp -s - $@ || \
		echo '$(IMAGE_SIZE) $(ROOTFS) $(EPOCH) $(IMAGE_MANIFESTS)' >$@

$(IMG)/core.img: image/image.mk
	$(Q)mkdir -p $(@D)
	$(call say,GRUB,i386-pc)
	$(Q)grub-mkimage -O i386-pc -o $@ -p '(,gpt2)/boot/grub' $(GRUB_MODULES) $(GRUB_BIOS)

$(IMG)/bootx64.efi: image/image.mk
	$(Q)mkdir -p $(@D)
	$(call say,GRUB,x86_64-efi)
	$(Q)grub-mkimage -O x86_64-efi -o $@ -p /boot/grub $(GRUB_MODULES) $(GRUB_EFI)

$(IMG)/esp.fat: $(IMAGE_KERNEL) $(IMG)/bootx64.efi image/grub.cfg image/mkesp $(IMG)/settings
	$(call say,ESP,$@)
	$(Q)image/mkesp $@ $(ESP_KIB) $(EPOCH) $(IMG)/bootx64.efi image/grub.cfg $(IMAGE_KERNEL)

$(IMG)/root.fs: $(IMAGE_INPUTS) $(IMAGE_MANIFESTS) image/mkroot $(IMG)/settings
	$(call say,ROOT,$@)
	$(Q)size=$$(image/mkdisk layout $(IMAGE_SIZE)) && \
		image/mkroot $@ $$size $(EPOCH) $@.d $(IMAGE_MANIFESTS) $(IMAGE_VARS)
-include $(IMG)/root.fs.d

$(B)/skerry.img: $(IMG)/core.img $(IMG)/esp.fat $(IMG)/root.fs image/mkdisk
	$(call say,IMAGE,$@)
	$(Q)image/mkdisk build $@ $(IMAGE_SIZE) $(GRUB_DIR)/i386-pc/boot.img \
		$(IMG)/core.img $(IMG)/esp.fat $(IMG)/root.fs

ifeq ($(filter $(FORMAT),$(IMAGE_FORMATS)),)
$(error FORMAT=$(FORMAT): one of $(IMAGE_FORMATS))
endif
IMAGE := $(B)/skerry.$(FORMAT:raw=img)

# For other machines' programs; it takes no more room than what is in it.
$(B)/skerry.qcow2 $(B)/skerry.vmdk: $(B)/skerry.%: $(B)/skerry.img
	$(call say,IMAGE,$@)
	$(Q)qemu-img convert -O $* $< $@.partial && mv $@.partial $@

# A small system in memory, for a boot loader to bring along (GRUB: module2; QEMU: -initrd).
$(B)/initramfs.img: image/initramfs.manifest image/mkinitramfs image/mkroot $(BUSYBOX) \
		$(BUSYBOX_LINKS)
	$(Q)mkdir -p $(IMG)
	$(call say,INITRAMFS,$@)
	$(Q)image/mkinitramfs $@ $(EPOCH) $(IMG)/initramfs.d image/initramfs.manifest \
		$(IMAGE_VARS)
-include $(IMG)/initramfs.d

.PHONY: image initramfs
initramfs: $(B)/initramfs.img ## an example initramfs of BusyBox, build/initramfs.img
image: $(IMAGE) ## the bootable disk, build/skerry.img (IMAGE_SIZE=512M, FORMAT=qcow2, ROOTFS=ext4)
