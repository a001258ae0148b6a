/*
 * The life of a port: its memory, its settings, start and stop of its engines (AHCI 10.1.2, 10.3).
 * The link never sleeps (SCTL.IPM), since waking it would cost more than is saved.
 */
#include "drv/ahci/ahci_int.h"

#include "abi/errno.h"
#include "arch/io.h"
#include "core/clock.h"
#include "core/log.h"
#include "mm/slab.h"

#define ENGINE_STOP_MS 500 /* 10.1.2 */
#define SPIN_US        50  /* polls spin so long before they sleep */

u32 ahci_port_read(struct ahci_port *p, unsigned reg)
{
	return mmio_read32(p->regs + reg);
}

void ahci_port_write(struct ahci_port *p, unsigned reg, u32 v)
{
	mmio_write32(p->regs + reg, v);
}

int ahci_port_wait(struct ahci_port *p, unsigned reg, u32 mask, u32 value, u64 timeout_ms)
{
	u64 begin = clock_monotonic(), waited;

	while ((ahci_port_read(p, reg) & mask) != value) {
		waited = clock_monotonic() - begin;
		if (waited > timeout_ms * NSEC_PER_MSEC)
			return -ETIMEDOUT;
		if (waited > SPIN_US * NSEC_PER_USEC)
			ahci_sleep_us(200);
	}
	return 0;
}

unsigned ahci_address_bits(const struct ahci_hba *hba)
{
	return hba->cap & AHCI_CAP_S64A ? 64 : 32;
}

struct ahci_port *ahci_port_create(struct ahci_hba *hba, unsigned number)
{
	struct ahci_port *p = kzalloc(sizeof(*p), MM_KERNEL);

	if (!p)
		return NULL;
	p->hba = hba;
	p->number = number;
	p->regs = hba->regs + AHCI_PORT0 + number * AHCI_PORT_BYTES;
	p->state = AHCI_PROBING;
	spin_init(&p->lock, RANK_DRIVER, "ahci port");
	work_init(&p->recovery, ahci_port_recover);
	work_init(&p->arrival, ahci_port_arrive);
	p->area = dma_alloc(sizeof(*p->area), ahci_address_bits(hba), &p->area_bus);
	if (!p->area || ahci_port_stop(p)) {
		log_err("ahci%u: port %u does not come up", hba->index, number);
		ahci_port_destroy(p);
		return NULL;
	}
	ahci_port_setup(p);
	return p;
}

void ahci_port_destroy(struct ahci_port *p)
{
	if (p->area) {
		ahci_port_write(p, PORT_IE, 0);
		if (ahci_port_stop(p))
			return; /* the device may still write to our memory: it stays ours */
		ahci_port_write(p, PORT_CMD, ahci_port_read(p, PORT_CMD) & ~(u32)PORT_CMD_FRE);
		if (ahci_port_wait(p, PORT_CMD, PORT_CMD_FR, 0, ENGINE_STOP_MS))
			return;
		dma_free(p->area, sizeof(*p->area));
	}
	if (p->tables)
		dma_free(p->tables, p->hba->n_slots * sizeof(*p->tables));
	kfree(p);
}

void ahci_port_setup(struct ahci_port *p)
{
	u64 headers = p->area_bus + offsetof(struct ahci_area, headers);
	u64 received = p->area_bus + offsetof(struct ahci_area, received);
	u32 sleeps = PORT_CMD_ICC_MASK | PORT_CMD_ALPE | PORT_CMD_ASP;
	u32 cmd = ahci_port_read(p, PORT_CMD) & ~sleeps;

	ahci_port_write(p, PORT_IE, 0);
	ahci_port_write(p, PORT_CLB, (u32)headers);
	ahci_port_write(p, PORT_CLBU, (u32)(headers >> 32));
	ahci_port_write(p, PORT_FB, (u32)received);
	ahci_port_write(p, PORT_FBU, (u32)(received >> 32));
	ahci_port_write(p, PORT_SERR, ~0u);
	ahci_port_write(p, PORT_IS, ~0u);
	ahci_port_write(p, PORT_SCTL, PORT_SCTL_NO_SLEEP);
	ahci_port_write(p, PORT_CMD,
			cmd | PORT_CMD_FRE | PORT_CMD_SUD | PORT_CMD_POD | PORT_CMD_ICC_ACTIVE);
}

void ahci_port_start(struct ahci_port *p)
{
	ahci_port_write(p, PORT_SERR, ~0u);
	ahci_port_write(p, PORT_IS, ~0u);
	ahci_port_write(p, PORT_CMD, ahci_port_read(p, PORT_CMD) | PORT_CMD_ST);
}

int ahci_port_stop(struct ahci_port *p)
{
	u32 cmd = ahci_port_read(p, PORT_CMD);

	if (!(cmd & (PORT_CMD_ST | PORT_CMD_CR)))
		return 0;
	ahci_port_write(p, PORT_CMD, cmd & ~(u32)PORT_CMD_ST);
	return ahci_port_wait(p, PORT_CMD, PORT_CMD_CR, 0, ENGINE_STOP_MS);
}

/* Command tables are made only for ports with a device: 128 KiB for 32 slots. */
int ahci_port_tables(struct ahci_port *p)
{
	if (p->tables)
		return 0;
	p->tables = dma_alloc(p->hba->n_slots * sizeof(*p->tables), ahci_address_bits(p->hba),
			      &p->tables_bus);
	if (!p->tables)
		return -ENOMEM;
	for (unsigned i = 0; i < p->hba->n_slots; i++)
		p->area->headers[i].table = p->tables_bus + i * sizeof(*p->tables);
	return 0;
}
