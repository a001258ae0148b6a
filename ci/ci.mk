# Testing. `make test` runs all that is quick and ends with one line, `N passed, N failed`.
#
#   $(B)/test.img   the user's image with the guest tests in /usr/lib/skerry-tests
#
# Parts: unit (host), tools (ci/tests), guest (on both kernels), system (ci/system).

TEST_MANIFESTS := $(IMAGE_MANIFESTS) $(TESTS_DIR)/manifest $(TESTS_O)/manifest

$(TESTS_O)/root.ext2: $(TESTS_INPUTS) $(TEST_MANIFESTS) $(IMAGE_INPUTS) image/mkroot $(IMG)/settings
	$(call say,ROOT,$@)
	$(Q)size=$$(image/mkdisk layout $(IMAGE_SIZE)) && \
		image/mkroot $@ $$size $(EPOCH) $@.d $(TEST_MANIFESTS) $(IMAGE_VARS)
-include $(TESTS_O)/root.ext2.d

$(B)/test.img: $(IMG)/core.img $(IMG)/esp.fat $(TESTS_O)/root.ext2 image/mkdisk
	$(call say,IMAGE,$@)
	$(Q)image/mkdisk build $@ $(IMAGE_SIZE) $(GRUB_DIR)/i386-pc/boot.img \
		$(IMG)/core.img $(IMG)/esp.fat $(TESTS_O)/root.ext2
