# The ports collection: programs from elsewhere, built by a recipe each (ports/build says how they
# read) against the sysroot, into $(PORTS)/NAME/root.
#
#   port-NAME                 builds one
#   IMAGE_PORTS               those whose files (ports/NAME/manifest) the image holds

PORTS       := $(USER_B)/ports
PORT_NAMES  := $(patsubst ports/%/recipe,%,$(wildcard ports/*/recipe))
IMAGE_PORTS ?= dropbear

IMAGE_MANIFESTS += $(IMAGE_PORTS:%=ports/%/manifest)
IMAGE_INPUTS    += $(IMAGE_PORTS:%=$(PORTS)/%/.built)

$(PORTS)/%/.built: ports/%/recipe ports/build $(SYSROOT_READY)
	$(call say,PORT,$*)
	$(Q)CC=$(SKERRY_CC) DISTCACHE=$(DISTCACHE) ports/build $* $(@D)/work $(@D)/root
	$(Q)touch $@

.PHONY: $(PORT_NAMES:%=port-%)
$(PORT_NAMES:%=port-%): port-%: $(PORTS)/%/.built
