# The sysroot: what every program of the system is compiled and linked against.
#
#   $(SYSROOT)/usr/include, /usr/lib   musl's headers, libc.a and libc.so, the kernel's uapi headers
#   $(SYSROOT)/bin/skerry-cc           the machine's gcc, aimed at that sysroot ($(SKERRY_CC))
#   $(SYSROOT_READY)                   depend on this to use any of it
#
# The sysroot may be moved: the wrapper finds everything relative to itself.

SYSROOT        := $(USER_B)/sysroot
SKERRY_CC      := $(SYSROOT)/bin/skerry-cc
SYSROOT_READY  := $(SYSROOT)/.ready
SYSROOT_INPUTS := $(addprefix sysroot/,mksysroot skerry-cc skerry.specs dl_find_object.c)

$(SYSROOT_READY): $(MUSL_BUILD)/lib/libc.so $(SYSROOT_INPUTS)
	$(call say,SYSROOT,$(SYSROOT))
	$(Q)rm -rf $(SYSROOT) && mkdir -p $(SYSROOT)
	$(Q)$(MAKE) -C $(MUSL_BUILD) DESTDIR=$(abspath $(SYSROOT)) install \
		>>$(MUSL_BUILD)/build.log 2>&1
	$(Q)sysroot/mksysroot $(SYSROOT)
	$(Q)touch $@

.PHONY: sysroot
sysroot: $(SYSROOT_READY) ## musl, its headers and the compiler wrapper skerry-cc
