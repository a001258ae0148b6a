# TCP with the rooms below it simulated: tcp_host*.c.
TCP_HOST := tcp_host tcp_host_net tcp_host_sock host_os
TCP_HOST_TESTS := tcp tcp_flow tcp_loss tcp_sim
TCP_SRCS := $(wildcard kernel/net/tcp/*.c) $(wildcard kernel/dev/packet*.c)
$(foreach t,$(TCP_HOST_TESTS),$(eval HOST_SRCS_$(t) := $(TCP_SRCS)))
$(TCP_HOST_TESTS:%=$(HOST_O)/test_%): $(TCP_HOST:%=$(HOST_O)/%.o)

# Pages lie elsewhere here: the stand-in for arch/mmu.h comes first.
# (A pattern stands for one letter at least.)
$(HOST_O)/src/net/tcp/%.o $(HOST_O)/src/dev/packe%.o $(HOST_O)/test_tc%.o $(HOST_O)/tcp_hos%.o: \
	HOST_CFLAGS := -Ikernel/test/host/ext_shim $(HOST_CFLAGS)

# The fuzz target's stand-ins are compiled with its compiler.
$(HOST_O)/fuzz_tcp: $(TCP_HOST:%=$(HOST_O)/fuzz/test/host/%.o)
$(HOST_O)/fuzz/net/tcp/%.o $(HOST_O)/fuzz/dev/packe%.o $(HOST_O)/fuzz/test/host/tcp_hos%.o \
	$(HOST_O)/fuzz/test/host/fuzz_tc%.o: \
	FUZZ_CC := $(subst -Ikernel,-Ikernel/test/host/ext_shim -Ikernel,$(FUZZ_CC)) -DTCP_HOST_FUZZ
