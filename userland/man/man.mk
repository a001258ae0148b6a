# The manual: our own pages (userland/man), those of mandoc, which shows them, and the database that
# apropos(1) and whatis(1) search. The machine's makewhatis makes it, of the pages that the image
# holds.

MAN_DIR   := $(B)/man
MAN_PAGES := $(wildcard userland/man/man*/*.[1-9])

$(MAN_DIR)/mandoc.db: $(MAN_PAGES) $(PORTS)/mandoc/.built userland/man/man.mk
	$(call say,MAN,$@)
	$(Q)rm -rf $(MAN_DIR) && mkdir -p $(MAN_DIR)
	$(Q)cp -R $(PORTS)/mandoc/root/usr/share/man/man* userland/man/man[1-9] $(MAN_DIR)
	$(Q)makewhatis $(abspath $(MAN_DIR))

IMAGE_MANIFESTS += userland/man/manifest
IMAGE_INPUTS    += $(MAN_DIR)/mandoc.db
