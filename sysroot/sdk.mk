# The SDK: compilers, headers and libraries for building programs of Skerry elsewhere (docs/sdk.md).
# It may be moved: everything in it finds the rest relative to itself.
#
#   $(SDK)                         musl, the kernel's headers, the wrappers: for C, made in a moment
#   $(SDK_CXX)                     the same with C++, whose library takes its time, once
#   $(B)/skerry-sdk.tar.xz         the one, packed
#   $(B)/skerry-sdk-cxx.tar.xz     the other

SDK        := $(USER_B)/sdk
SDK_CXX    := $(USER_B)/sdk-cxx
SDK_INPUTS := $(addprefix sysroot/,mksdk skerry-tool skerry-pkg-config skerry-meson-cross \
	skerry.cmake) docs/sdk.md

$(SDK)/.ready: $(SYSROOT_READY) $(SDK_INPUTS)
	$(call say,SDK,$(SDK))
	$(Q)rm -rf $(SDK) && cp -a $(SYSROOT) $(SDK) && rm $(SDK)/.ready
	$(Q)sysroot/mksdk $(SDK)
	$(Q)touch $@

# The C++ library is kept by what it was made from: musl, the compiler and its wrapper, and how it
# was built. Nothing else makes another one.
LIBSTDCXX = $(DISTCACHE)/built/libstdc++-$(shell cat $(USER_B)/libstdcxx.inputs).tar.xz
LIBSTDCXX_MADE_FROM = gcc --version | head -n 1; grep gcc-12 ci/distfiles; cat libc-port/libc.mk; \
	cd sysroot && cat libstdcxx skerry-cc skerry.specs dl_find_object.c

$(USER_B)/libstdcxx.inputs: $(SYSROOT_READY) sysroot/libstdcxx ci/distfiles
	$(Q)($(LIBSTDCXX_MADE_FROM)) | sha256sum | cut -c1-16 >$@

$(SDK_CXX)/.ready: $(USER_B)/libstdcxx.inputs $(SDK)/.ready
	$(Q)[ -f $(LIBSTDCXX) ] || echo '  SDK     the C++ library, for some ten minutes'
	$(Q)[ -f $(LIBSTDCXX) ] || CC=$(SKERRY_CC) DISTCACHE=$(DISTCACHE) \
		sysroot/libstdcxx $(USER_B)/libstdcxx $(LIBSTDCXX)
	$(call say,SDK,$(SDK_CXX))
	$(Q)rm -rf $(SDK_CXX) && cp -a $(SDK) $(SDK_CXX) && rm $(SDK_CXX)/.ready
	$(Q)tar -xJf $(LIBSTDCXX) -C $(SDK_CXX)
	$(Q)touch $@

# Two builds of one commit are the same bytes.
$(B)/skerry-sdk.tar.xz: $(SDK)/.ready $(IMG)/settings
$(B)/skerry-sdk-cxx.tar.xz: $(SDK_CXX)/.ready $(IMG)/settings
$(B)/skerry-sdk.tar.xz $(B)/skerry-sdk-cxx.tar.xz:
	$(call say,SDK,$@)
	$(Q)tar -C $(<D) --exclude=./.ready --sort=name --mtime=@$(EPOCH) --owner=0 --group=0 \
		--numeric-owner --mode=u=rwX,go=rX --transform='s,^\.,skerry-sdk,;flags=rSh' \
		-cJf $@ .

.PHONY: sdk sdk-cxx
sdk: $(B)/skerry-sdk.tar.xz ## compilers for Skerry's programs: build/sdk, and packed (docs/sdk.md)
sdk-cxx: $(B)/skerry-sdk-cxx.tar.xz ## the same with C++: build/sdk-cxx (long, once)
