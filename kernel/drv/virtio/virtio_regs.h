/*
 * Registers and memory of virtio devices on PCI (Virtual I/O Device 1.2, 2.7 and 4.1.4), little
 * endian.
 */
#pragma once

#include "lib/types.h"

#define VIRTIO_VENDOR 0x1af4
/* A device that speaks 1.x only is 0x1040 + its type; one that also knows the older way has the
 * older number. */
#define VIRTIO_DEVICE_RNG     0x1044
#define VIRTIO_DEVICE_RNG_OLD 0x1005

/* Vendor capabilities say where the structures are (4.1.4). */
#define VIRTIO_PCI_CAP        0x09
#define VIRTIO_CAP_TYPE       3  /* u8, and which structure: */
#define VIRTIO_CAP_COMMON     1
#define VIRTIO_CAP_NOTIFY     2
#define VIRTIO_CAP_ISR        3
#define VIRTIO_CAP_BAR        4  /* u8 */
#define VIRTIO_CAP_OFFSET     8  /* u32 */
#define VIRTIO_CAP_LENGTH     12 /* u32 */
#define VIRTIO_CAP_MULTIPLIER 16 /* u32, of the notify structure */

/* The common configuration structure (4.1.4.3). */
#define VIRTIO_FEATURE_SELECT        0x00 /* u32 */
#define VIRTIO_FEATURES              0x04 /* u32 */
#define VIRTIO_DRIVER_FEATURE_SELECT 0x08 /* u32 */
#define VIRTIO_DRIVER_FEATURES       0x0c /* u32 */
#define VIRTIO_CONFIG_VECTOR         0x10 /* u16 */
#define VIRTIO_N_QUEUES              0x12 /* u16 */
#define VIRTIO_STATUS                0x14 /* u8 */
#define VIRTIO_QUEUE_SELECT          0x16 /* u16 */
#define VIRTIO_QUEUE_SIZE            0x18 /* u16 */
#define VIRTIO_QUEUE_VECTOR          0x1a /* u16 */
#define VIRTIO_QUEUE_ENABLE          0x1c /* u16 */
#define VIRTIO_QUEUE_NOTIFY          0x1e /* u16 */
#define VIRTIO_QUEUE_DESC            0x20 /* u64, in halves */
#define VIRTIO_QUEUE_AVAIL           0x28
#define VIRTIO_QUEUE_USED            0x30
#define VIRTIO_COMMON_BYTES          0x38
#define VIRTIO_NO_VECTOR             0xffff

/* Device status (2.1). */
#define VIRTIO_ACKNOWLEDGE 1
#define VIRTIO_DRIVER      2
#define VIRTIO_DRIVER_OK   4
#define VIRTIO_FEATURES_OK 8
#define VIRTIO_FAILED      128

#define VIRTIO_F_VERSION_1 32 /* number of the feature's bit (6) */

/* A split queue (2.7). */
#define VIRTQ_DEVICE_WRITES 2

struct virtq_desc {
	u64 address;
	u32 length;
	u16 flags, next;
};
struct virtq_avail {
	u16 flags, index;
	u16 ring[];
};
struct virtq_used_element {
	u32 id, length;
};
struct virtq_used {
	u16 flags, index;
	struct virtq_used_element ring[];
};
