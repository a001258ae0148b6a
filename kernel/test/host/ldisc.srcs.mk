HOST_SRCS_ldisc := $(addprefix kernel/tty/,ldisc.c ldisc_echo.c ldisc_erase.c ldisc_input.c \
	ldisc_output.c ldisc_read.c)
