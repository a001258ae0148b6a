/*
 * A split virtqueue (Virtual I/O Device 1.2, 2.7), of buffers that the device writes to, each of
 * one descriptor. All of it fits in a page.
 */
#include "abi/errno.h"
#include "arch/io.h"
#include "drv/virtio/virtio_int.h"
#include "lib/bitops.h"

#define AVAIL_AT (VIRTQUEUE_SIZE * sizeof(struct virtq_desc))
#define USED_AT  (AVAIL_AT + 128) /* behind the ring and its last word, which events would use */

static void write_address(u8 *reg, u64 address)
{
	mmio_write32(reg, (u32)address);
	mmio_write32(reg + 4, (u32)(address >> 32));
}

int virtqueue_open(struct virtqueue *q, struct virtio_device *dev, u16 index)
{
	u8 *common = dev->common;
	dma_addr_t bus;
	u64 bell;
	u16 size;

	mmio_write16(common + VIRTIO_QUEUE_SELECT, index);
	size = min(mmio_read16(common + VIRTIO_QUEUE_SIZE), (u16)VIRTQUEUE_SIZE);
	bell = (u64)mmio_read16(common + VIRTIO_QUEUE_NOTIFY) * dev->notify_multiplier;
	if (!size || size & (size - 1) || bell + 2 > dev->notify_bytes)
		return -ENODEV;
	q->page = dma_alloc(PAGE_SIZE, 64, &bus);
	if (!q->page)
		return -ENOMEM;
	q->desc = q->page;
	q->avail = q->page + AVAIL_AT;
	q->used = q->page + USED_AT;
	q->bell = dev->notify + bell;
	q->index = index;
	q->size = size;
	q->given = q->taken = 0;
	mmio_write16(common + VIRTIO_QUEUE_SIZE, size);
	mmio_write16(common + VIRTIO_CONFIG_VECTOR, VIRTIO_NO_VECTOR);
	mmio_write16(common + VIRTIO_QUEUE_VECTOR, 0);
	write_address(common + VIRTIO_QUEUE_DESC, bus);
	write_address(common + VIRTIO_QUEUE_AVAIL, bus + AVAIL_AT);
	write_address(common + VIRTIO_QUEUE_USED, bus + USED_AT);
	mmio_write16(common + VIRTIO_QUEUE_ENABLE, 1);
	return 0;
}

void virtqueue_close(struct virtqueue *q)
{
	dma_free(q->page, PAGE_SIZE);
}

void virtqueue_give(struct virtqueue *q, dma_addr_t bus, u32 bytes)
{
	u16 slot = q->given % q->size;

	q->desc[slot] = (struct virtq_desc){ bus, bytes, VIRTQ_DEVICE_WRITES, 0 };
	q->avail->ring[slot] = slot;
	io_wmb();
	WRITE_ONCE(q->avail->index, ++q->given);
	io_wmb();
	mmio_write16(q->bell, q->index);
}

bool virtqueue_take(struct virtqueue *q, u32 *bytes)
{
	if (q->taken == q->given || READ_ONCE(q->used->index) == q->taken)
		return false;
	io_rmb();
	*bytes = READ_ONCE(q->used->ring[q->taken % q->size].length);
	q->taken++;
	return true;
}
