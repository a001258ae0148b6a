# Blocks of a journal, without one.
HOST_SRCS_jbd := kernel/fs/ext/jbd_check.c
