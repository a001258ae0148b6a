# The ports collection: programs from elsewhere, built by a recipe each (ports/build says how they
# read) against the sysroot, into $(PORTS)/NAME.
#
#   port-NAME                 builds one, and what it depends on
#   ports                     all; those that fail leave the others alone
#   port-test-NAME, ports-test    ports/tests.mk
#   port-new NAME             writes the beginning of a recipe
#   IMAGE_PORTS               those whose files (ports/NAME/manifest) the image holds

PORTS       := $(USER_B)/ports
PORT_NAMES  := $(patsubst ports/%/recipe,%,$(wildcard ports/*/recipe))
IMAGE_PORTS ?= dropbear mandoc signify zlib

IMAGE_MANIFESTS += $(IMAGE_PORTS:%=ports/%/manifest)
IMAGE_INPUTS    += $(IMAGE_PORTS:%=$(PORTS)/%/.built)

# What a port is made of. It is built again when that has changed, not when a file was touched.
# What only its tests hang on is not in it.
PORT_TOOLS  := $(addprefix ports/,build lib.sh depends package config.site)
NOT_TESTS   := sed '/^tests() {/,/^}/d; /^expect=/d; /^test_[a-z]*=/d; /^$$/d'
$(PORTS)/%/.inputs: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)$(NOT_TESTS) ports/$*/recipe | sha256sum - $(wildcard ports/$*/*.patch) $(PORT_TOOLS) \
		libc-port/libc.mk $(SYSROOT_INPUTS) $(filter %/.inputs,$^) >$@.new
	$(Q)if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# What building them takes of the machine, all but the default image's.
$(patsubst %,$(PORTS)/%/.built,$(filter-out $(IMAGE_PORTS),$(PORT_NAMES))): $(PORTS)/.packages
$(PORTS)/.packages: ports/packages ci/setup
	$(Q)mkdir -p $(@D)
	$(Q)ci/setup ports/packages
	$(Q)touch $@

$(PORTS)/%/.built: $(PORTS)/%/.inputs $(SYSROOT_READY)
	$(call say,PORT,$*)
	+$(Q)SYSROOT=$(SYSROOT) DISTCACHE=$(DISTCACHE) ports/build $* $(PORTS)
	$(Q)touch $@

# NAME:DEPENDS
define port_depends
$(PORTS)/$(1)/.inputs: $(PORTS)/$(2)/.inputs
$(PORTS)/$(1)/.built: $(PORTS)/$(2)/.built
endef
$(foreach pair,$(shell ports/depends),\
	$(eval $(call port_depends,$(word 1,$(subst :, ,$(pair))),$(word 2,$(subst :, ,$(pair))))))

.PRECIOUS: $(PORTS)/%/.inputs
.PHONY: ports $(PORT_NAMES:%=port-%)
$(PORT_NAMES:%=port-%): port-%: $(PORTS)/%/.built
ports: ## the ports collection: each port's package, build/ports/NAME/*.deb
	+$(Q)$(MAKE) --keep-going $(PORT_NAMES:%=port-%)

# The other words of `make port-new NAME` are no goals.
ifeq ($(firstword $(MAKECMDGOALS)),port-new)
NEW_PORT := $(wordlist 2,2,$(MAKECMDGOALS))
.PHONY: port-new $(NEW_PORT)
port-new: ## port-new NAME: the beginning of a recipe for Debian's source package NAME
	$(Q)DISTCACHE=$(DISTCACHE) ports/new $(NEW_PORT)
$(NEW_PORT):
	@:
endif
