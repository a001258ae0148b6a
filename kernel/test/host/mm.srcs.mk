HOST_SRCS_buddy := kernel/mm/buddy.c
