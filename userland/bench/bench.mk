# The benchmark: static programs in $(B)/bench/bin, carried by the test image in
# /usr/lib/skerry-bench.

BENCH_DIR   := userland/bench
BENCH_O     := $(B)/bench/bin
BENCH_SRC   := $(filter-out $(BENCH_DIR)/hello.c,$(sort $(wildcard $(BENCH_DIR)/*.c)))
BENCH_PROGS := $(BENCH_O)/bench $(BENCH_O)/hello

$(BENCH_O)/bench: $(BENCH_SRC) $(BENCH_DIR)/bench.h $(BENCH_DIR)/bench.mk $(SYSROOT_READY)
	$(call say,BENCH,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(SKERRY_CC) -static -s -std=gnu17 -O2 -Wall -Wextra -Werror -Wno-unused-result \
		-Wno-unused-value -o $@ $(BENCH_SRC)

$(BENCH_O)/hello: $(BENCH_DIR)/hello.c $(SYSROOT_READY)
	$(Q)mkdir -p $(@D)
	$(Q)$(SKERRY_CC) -static -s -O2 -o $@ $<
