HOST_SRCS_vt_keys := $(addprefix kernel/tty/,vt_keymap.c vt_keymap_us.c vt_keys.c) \
	kernel/dev/input_set1.c
