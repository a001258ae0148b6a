# The SDK: compilers, headers and libraries for building programs of Skerry elsewhere (docs/sdk.md).
# It may be moved: everything in it finds the rest relative to itself.
#
#   $(SDK)                         musl, the kernel's headers, the wrappers: for C
#   $(B)/skerry-sdk.tar.xz         that, packed

SDK        := $(USER_B)/sdk
SDK_INPUTS := $(addprefix sysroot/,mksdk skerry-tool skerry-pkg-config skerry-meson-cross \
	skerry.cmake) docs/sdk.md

$(SDK)/.ready: $(SYSROOT_READY) $(SDK_INPUTS)
	$(call say,SDK,$(SDK))
	$(Q)rm -rf $(SDK) && cp -a $(SYSROOT) $(SDK) && rm $(SDK)/.ready
	$(Q)sysroot/mksdk $(SDK)
	$(Q)touch $@

# Two builds of one commit are the same bytes.
$(B)/skerry-sdk.tar.xz: $(SDK)/.ready $(IMG)/settings
	$(call say,SDK,$@)
	$(Q)tar -C $(<D) --exclude=./.ready --sort=name --mtime=@$(EPOCH) --owner=0 --group=0 \
		--numeric-owner --mode=u=rwX,go=rX --transform='s,^\.,skerry-sdk,;flags=rSh' \
		-cJf $@ .

.PHONY: sdk
sdk: $(B)/skerry-sdk.tar.xz ## compilers for Skerry's programs: build/sdk, and packed (docs/sdk.md)
