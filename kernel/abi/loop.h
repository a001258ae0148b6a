/*
 * abi/loop.h - loop devices (loop(4), linux/loop.h).
 */
#ifndef ABI_LOOP_H
#define ABI_LOOP_H

#include "abi/types.h"

#define LO_NAME_SIZE	64
#define LO_KEY_SIZE	32

#define LO_FLAGS_READ_ONLY	1
#define LO_FLAGS_AUTOCLEAR	4
#define LO_FLAGS_PARTSCAN	8
#define LO_FLAGS_DIRECT_IO	16

struct loop_info {
	s32 lo_number;
	u32 lo_device; /* 16 bits of it */
	u64 lo_inode;
	u32 lo_rdevice;
	s32 lo_offset;
	s32 lo_encrypt_type;
	s32 lo_encrypt_key_size;
	s32 lo_flags;
	char lo_name[LO_NAME_SIZE];
	u8 lo_encrypt_key[LO_KEY_SIZE];
	u32 gap;
	u64 lo_init[2];
	char reserved[4];
	u32 gap2;
};

struct loop_info64 {
	u64 lo_device;
	u64 lo_inode;
	u64 lo_rdevice;
	u64 lo_offset;
	u64 lo_sizelimit; /* bytes; 0: up to the file's end */
	u32 lo_number;
	u32 lo_encrypt_type;
	u32 lo_encrypt_key_size;
	u32 lo_flags;
	u8 lo_file_name[LO_NAME_SIZE];
	u8 lo_crypt_name[LO_NAME_SIZE];
	u8 lo_encrypt_key[LO_KEY_SIZE];
	u64 lo_init[2];
};

struct loop_config {
	u32 fd;
	u32 block_size;
	struct loop_info64 info;
	u64 reserved[8];
};

#define LOOP_SET_FD		0x4c00
#define LOOP_CLR_FD		0x4c01
#define LOOP_SET_STATUS		0x4c02
#define LOOP_GET_STATUS		0x4c03
#define LOOP_SET_STATUS64	0x4c04
#define LOOP_GET_STATUS64	0x4c05
#define LOOP_CHANGE_FD		0x4c06
#define LOOP_SET_CAPACITY	0x4c07
#define LOOP_SET_DIRECT_IO	0x4c08
#define LOOP_SET_BLOCK_SIZE	0x4c09
#define LOOP_CONFIGURE		0x4c0a
#define LOOP_CTL_ADD		0x4c80
#define LOOP_CTL_REMOVE		0x4c81
#define LOOP_CTL_GET_FREE	0x4c82

#endif
