# musl, unmodified, and the sysroot it makes: what a program is compiled and linked against.
#
#   $(SYSROOT)/usr/include, /usr/lib   musl's headers, libc.a and libc.so, the kernel's uapi headers
#   $(SYSROOT)/bin/skerry-cc           the machine's gcc, aimed at that sysroot ($(SKERRY_CC))
#   $(SYSROOT_READY)                   depend on this to use any of it
#
# The sysroot may be moved: the wrapper finds everything relative to itself.

SYSROOT       := $(USER_B)/sysroot
SKERRY_CC     := $(SYSROOT)/bin/skerry-cc
SYSROOT_READY := $(USER_B)/sysroot/.ready

MUSL_VERSION := 1.2.3
MUSL_SRC     := $(USER_B)/src/musl-$(MUSL_VERSION)
MUSL_BUILD   := $(USER_B)/musl

# The interfaces of the Linux kernel that are not libc's, from Debian's linux-libc-dev.
UAPI_DIRS := linux asm-generic drm misc mtd rdma sound video

$(MUSL_SRC)/.unpacked: libc-port/libc.mk
	$(Q)ci/fetch --cache $(DISTCACHE) source musl
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar -xf $(DISTCACHE)/musl_$(MUSL_VERSION).orig.tar.gz -C $(@D) --strip-components=1
	$(Q)touch $@

$(MUSL_BUILD)/lib/libc.so: $(MUSL_SRC)/.unpacked
	$(call say,MUSL,$(MUSL_VERSION))
	$(Q)rm -rf $(MUSL_BUILD) && mkdir -p $(MUSL_BUILD)
	$(Q)cd $(MUSL_BUILD) && \
		CC=gcc AR=ar RANLIB=ranlib CFLAGS='-O2 -pipe' $(abspath $(MUSL_SRC))/configure \
		--target=x86_64-linux-musl --prefix=/usr --syslibdir=/lib --disable-wrapper \
		>configure.log 2>&1 || { tail -n 5 configure.log >&2; exit 1; }
	+$(Q)$(MAKE) -C $(MUSL_BUILD) >$(MUSL_BUILD)/build.log 2>&1 || \
		{ grep -E 'error|\*\*\*' $(MUSL_BUILD)/build.log | cut -c1-300 >&2; exit 1; }

$(SYSROOT_READY): $(MUSL_BUILD)/lib/libc.so libc-port/skerry-cc libc-port/skerry.specs
	$(call say,SYSROOT,$(SYSROOT))
	$(Q)rm -rf $(SYSROOT) && mkdir -p $(SYSROOT)/bin
	$(Q)$(MAKE) -C $(MUSL_BUILD) DESTDIR=$(abspath $(SYSROOT)) install \
		>>$(MUSL_BUILD)/build.log 2>&1
	$(Q)cp -r $(wildcard $(addprefix /usr/include/,$(UAPI_DIRS))) $(SYSROOT)/usr/include/
	$(Q)cp -rL $(firstword $(wildcard /usr/include/x86_64-linux-gnu/asm /usr/include/asm)) \
		$(SYSROOT)/usr/include/
	$(Q)ln -sf /usr/lib/libc.so $(SYSROOT)/lib/ld-musl-x86_64.so.1
	$(Q)cp libc-port/skerry.specs $(SYSROOT)/usr/lib/
	$(Q)install -m 755 libc-port/skerry-cc $(SKERRY_CC)
	$(Q)touch $@

.PHONY: sysroot
sysroot: $(SYSROOT_READY) ## musl, its headers and the compiler wrapper skerry-cc
