# Blocks of a journal, without one.
HOST_SRCS_jbd := kernel/fs/jbd/jbd_check.c
