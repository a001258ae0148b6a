# musl, unmodified: built in $(MUSL_BUILD), static and shared; sysroot/sysroot.mk installs it.

MUSL_VERSION := 1.2.3
MUSL_SRC     := $(USER_B)/src/musl-$(MUSL_VERSION)
MUSL_BUILD   := $(USER_B)/musl

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
