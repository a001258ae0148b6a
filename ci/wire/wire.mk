# The other end of the benchmark's network: a program of the host.

WIRE_PEER := $(USER_B)/bench/wire-peer

$(WIRE_PEER): ci/wire/peer.c ci/wire/wire.mk
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)gcc -std=gnu17 -O2 -Wall -Wextra -Werror -o $@ $<
