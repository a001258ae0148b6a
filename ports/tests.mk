# The ports' own tests, on Skerry and on Linux in the same QEMU (ports/suite, ports/test).
#
#   port-test-NAME            one's; RECORD=1 writes ports/NAME/result
#   ports-test                of all that have tests
#   ports-sample              of those in SAMPLE, on Skerry only
#   ports-status              ports/STATUS.md, of what is recorded

TESTED_PORTS := $(patsubst ports/%/recipe,%,$(shell grep -l '^tests() {' ports/*/recipe))

$(PORTS)/%/.suite: $(PORTS)/%/.built ports/%/recipe ports/suite ports/record-test ports/lib.sh \
		$(BUSYBOX)
	$(call say,SUITE,$*)
	+$(Q)BUSYBOX_SRC=$(abspath $(BUSYBOX_SRC)) ports/suite $* $(PORTS)
	$(Q)touch $@

# NAME:DEPENDS
define port_test_depends
$(PORTS)/$(1)/.suite: $(PORTS)/$(2)/.built
endef
$(foreach pair,$(shell ports/depends test_depends),$(eval \
	$(call port_test_depends,$(word 1,$(subst :, ,$(pair))),$(word 2,$(subst :, ,$(pair))))))

RUN_PORT_TEST = B=$(B) USER_B=$(USER_B) SYSROOT=$(SYSROOT) DISTCACHE=$(DISTCACHE) ports/test

.PRECIOUS: $(PORTS)/%/.suite
.PHONY: ports-test ports-sample ports-status
.PHONY: $(TESTED_PORTS:%=port-test-%) $(TESTED_PORTS:%=port-suite-%)
$(TESTED_PORTS:%=port-suite-%): port-suite-%: $(PORTS)/%/.suite
$(TESTED_PORTS:%=port-test-%): port-test-%: $(PORTS)/%/.suite $(TEST_READY)
	$(Q)$(RUN_PORT_TEST) $(if $(RECORD),--record) $(PORTS) $*
ports-sample: $(SAMPLE:%=$(PORTS)/%/.suite)
	$(Q)$(RUN_PORT_TEST) --sample $(PORTS) $(SAMPLE)
ports-test: ## the ports' own tests on both kernels, against what is recorded
	+$(Q)$(MAKE) --keep-going $(TESTED_PORTS:%=port-test-%)
ports-status: ## ports/STATUS.md, of the recorded results
	$(Q)ports/status
