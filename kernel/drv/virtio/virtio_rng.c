/*
 * The virtio entropy device (Virtual I/O Device 1.2, 5.4): one queue of buffers, which it fills
 * with random bytes.
 */
#include "abi/errno.h"
#include "core/log.h"
#include "dev/drivers.h"
#include "dev/hwrng.h"
#include "dev/power.h"
#include "drv/virtio/virtio_int.h"
#include "lib/format.h"
#include "mm/slab.h"

struct rng {
	struct hwrng hwrng;
	struct virtio_device dev;
	struct virtqueue queue;  /* hwrng.lock */
	dma_addr_t bus;          /* of hwrng.bytes */
	char name[PCI_NAME + 12];
};

static void rng_ask(struct hwrng *h)
{
	struct rng *rng = container_of(h, struct rng, hwrng);

	virtqueue_give(&rng->queue, rng->bus, HWRNG_BYTES);
}

static enum irq_result rng_interrupt(void *arg)
{
	struct rng *rng = arg;
	bool done;
	u32 n;

	if (!virtio_interrupted(&rng->dev))
		return IRQ_NONE;
	spin_lock(&rng->hwrng.lock);
	done = virtqueue_take(&rng->queue, &n);
	spin_unlock(&rng->hwrng.lock);
	if (done)
		hwrng_done(&rng->hwrng, n);
	return IRQ_HANDLED;
}

static void rng_stop(void *arg)
{
	virtio_reset(arg);
}

/* With the device open: its queue, its buffer, its interrupt. */
static int rng_make(struct rng *rng)
{
	struct pci_device *pci = rng->dev.pci;
	void *arg = rng;
	int n, err = virtqueue_open(&rng->queue, &rng->dev, 0);

	if (err < 0)
		return err;
	rng->hwrng.bytes = dma_alloc(HWRNG_BYTES, 64, &rng->bus);
	n = rng->hwrng.bytes ? pci_request_irqs(pci, 1, rng_interrupt, &arg) : -ENOMEM;
	if (n > 0)
		return 0;
	if (rng->hwrng.bytes)
		dma_free(rng->hwrng.bytes, HWRNG_BYTES);
	virtqueue_close(&rng->queue);
	return n ? n : -ENODEV;
}

static int rng_probe(struct pci_device *pci)
{
	struct rng *rng = kzalloc(sizeof(*rng), MM_KERNEL);
	char at[PCI_NAME];
	int err;

	if (!rng)
		return -ENOMEM;
	err = virtio_open(&rng->dev, pci);
	if (err < 0) {
		kfree(rng);
		return err;
	}
	err = rng_make(rng);
	if (err < 0) {
		virtio_close(&rng->dev);
		kfree(rng);
		return err;
	}
	pci_name(pci, at);
	snprintf(rng->name, sizeof(rng->name), "virtio-rng %s", at);
	rng->hwrng.name = rng->name;
	rng->hwrng.ask = rng_ask;
	pci->data = rng;
	virtio_start(&rng->dev);
	hwrng_register(&rng->hwrng);
	if (power_at_end(rng_stop, &rng->dev))
		log_warn("%s: will not be stopped at the end", rng->name);
	return 0;
}

static const struct pci_id rng_ids[] = {
	{ VIRTIO_VENDOR, VIRTIO_DEVICE_RNG, 0, 0 },
	{ VIRTIO_VENDOR, VIRTIO_DEVICE_RNG_OLD, 0, 0 },
	{ 0 },
};

static const struct pci_driver rng_driver = {
	.name = "virtio_rng",
	.ids = rng_ids,
	.probe = rng_probe,
};

void virtio_rng_register(void)
{
	pci_bind(&rng_driver);
}
