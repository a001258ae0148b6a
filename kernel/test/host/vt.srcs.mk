HOST_SRCS_vt := $(addprefix kernel/tty/,vt_emul.c vt_parse.c vt_csi.c vt_mode.c vt_sgr.c \
	vt_screen.c vt_history.c)
