HOST_SRCS_gpt := kernel/dev/partition_gpt.c kernel/dev/partition_mbr.c
