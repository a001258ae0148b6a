/*
 * The HBA's interrupt. A port's status is cleared first and its slots are looked at after, so a
 * command that ends in between raises another interrupt; the HBA's own status bit is a latch over
 * the port's and is cleared last (AHCI 5.6.4).
 *
 * A slot has ended when its bit is gone: in PORT_SACT for queued commands, in PORT_CI for others.
 */
#include "drv/ahci/ahci_int.h"

#include "arch/io.h"
#include "lib/bitops.h"

unsigned ahci_port_reap_locked(struct ahci_port *p, struct blk_request *out[32], int *error)
{
	u32 plain = p->issued & ~p->queued, active = 0, ended;
	unsigned n = 0;

	*error = 0;
	if (p->queued)
		active |= ahci_port_read(p, PORT_SACT) & p->queued;
	if (plain)
		active |= ahci_port_read(p, PORT_CI) & plain;
	ended = p->issued & ~active;
	p->issued &= ~ended;
	p->queued &= ~ended;
	if (!p->issued)
		p->exclusive = false;
	for (; ended; ended &= ended - 1) {
		unsigned slot = ctz64(ended);

		out[n++] = p->running[slot];
		if (unlikely(p->running[slot]->suspect)) {
			p->running[slot]->suspect = false;
			p->careful--;
		}
		if (unlikely(p->device->id.packet)) /* one at a time */
			*error = ahci_packet_done(p, slot, p->running[slot]);
		p->running[slot] = NULL;
	}
	return n;
}

static unsigned trouble_of(u32 status)
{
	return (status & PORT_IS_TFES ? AHCI_DEVICE_ERROR : 0) |
	       (status & PORT_IS_BROKEN ? AHCI_LINK_ERROR : 0) |
	       (status & PORT_IS_LINK ? AHCI_LINK_CHANGE : 0);
}

static void port_interrupt(struct ahci_port *p)
{
	struct blk_request *done[32];
	unsigned n = 0;
	int error = 0;
	u32 status;

	spin_lock(&p->lock);
	status = ahci_port_read(p, PORT_IS);
	ahci_port_write(p, PORT_IS, status);
	if (p->state == AHCI_UP) {
		n = ahci_port_reap_locked(p, done, &error);
		if (unlikely(status & PORT_IS_ERRORS)) {
			ahci_port_fail_locked(p, trouble_of(status));
			work_queue(&p->recovery);
		}
	} else if (status & PORT_IS_LINK && ahci_port_begin_locked(p)) {
		work_queue(&p->arrival);
	}
	spin_unlock(&p->lock);
	for (unsigned i = 0; i < n; i++)
		blk_done(done[i], error);
}

enum irq_result ahci_interrupt(void *arg)
{
	struct ahci_hba *hba = arg;
	u32 status = mmio_read32(hba->regs + AHCI_IS);

	if (!status)
		return IRQ_NONE;
	for (u32 left = status; left; left &= left - 1) {
		struct ahci_port *p = hba->ports[ctz64(left)];

		if (likely(p))
			port_interrupt(p);
	}
	mmio_write32(hba->regs + AHCI_IS, status);
	return IRQ_HANDLED;
}
