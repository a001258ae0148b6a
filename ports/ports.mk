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

# A port is built again when what its recipe says has changed, not when the file was touched.
$(PORTS)/%/.inputs: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)sha256sum ports/$*/recipe ports/build | cmp -s - $@ || \
		sha256sum ports/$*/recipe ports/build >$@

$(PORTS)/%/.built: $(PORTS)/%/.inputs $(SYSROOT_READY)
	$(call say,PORT,$*)
	$(Q)CC=$(SKERRY_CC) DISTCACHE=$(DISTCACHE) ports/build $* $(@D)/work $(@D)/root
	$(Q)touch $@

.PRECIOUS: $(PORTS)/%/.inputs
.PHONY: $(PORT_NAMES:%=port-%)
$(PORT_NAMES:%=port-%): port-%: $(PORTS)/%/.built
