/*
 * Between the files of virtio: a device on PCI (virtio_pci.c), and a queue of its (virtqueue.c).
 * Who uses a queue serialises the calls.
 */
#pragma once

#include "dev/pci.h"
#include "drv/virtio/virtio_regs.h"
#include "mm/dma.h"

/* Constant once the device was opened. */
struct virtio_device {
	struct pci_device *pci;
	u8 *common, *notify, *isr; /* the structures, mapped */
	u32 notify_bytes, notify_multiplier;
};

#define VIRTQUEUE_SIZE 8

struct virtqueue {
	void *page;                /* of memory, the three that follow are in it */
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	u8 *bell;                  /* the register that is told of what is new */
	u16 index;                 /* number of the queue */
	u16 size;                  /* buffers at a time, VIRTQUEUE_SIZE at most */
	u16 given, taken;          /* buffers so far */
};

/* Finds the structures, resets the device and agrees on features: 0, -ENODEV if it is none of
 * version 1, -ENOMEM, -EIO. Thread context. */
int virtio_open(struct virtio_device *dev, struct pci_device *pci);
/* The device works from here on: its queues are there. */
void virtio_start(struct virtio_device *dev);
/* Stops it for good, or before it is given up. Any context. */
void virtio_reset(struct virtio_device *dev);
/* Stops it and gives the mappings back. Thread context. */
void virtio_close(struct virtio_device *dev);
/* In the handler of its interrupt: whether that is this device's. */
bool virtio_interrupted(struct virtio_device *dev);

/* Makes queue `index` known to the device, which has been opened and not started; its interrupt is
 * the first: 0, -ENODEV, -ENOMEM. */
int virtqueue_open(struct virtqueue *q, struct virtio_device *dev, u16 index);
/* After the device was stopped. */
void virtqueue_close(struct virtqueue *q);
/* Gives the device a buffer of `bytes` bytes to write to. No more than q->size are with it. Any
 * context. */
void virtqueue_give(struct virtqueue *q, dma_addr_t bus, u32 bytes);
/* Takes one back: true, and how many bytes it says that it wrote, which may be anything. Any
 * context. */
bool virtqueue_take(struct virtqueue *q, u32 *bytes);
