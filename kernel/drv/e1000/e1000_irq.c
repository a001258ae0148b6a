/*
 * Interrupts and the poll.
 *
 * Three ways: a vector per queue and one for the rest (82574 with MSI-X; they mask themselves and
 * clear their causes, so a handler reads nothing); one interrupt whose cause register masks all
 * when read (82574 otherwise); and one whose causes are cleared when read (8254x). That one is
 * masked only by a poll that finds a budget's worth of frames: with few of them, the two writes to
 * mask and unmask it would cost more than an interrupt while a poll runs.
 *
 * The throttle (least time between interrupts) follows the rate of frames: none at few, so that a
 * single one is not late; some at many, so that an interrupt brings several.
 */
#include "drv/e1000/e1000_int.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "core/log.h"

#define ITR_UNIT_NS 256
#define RATE_LOOK   32       /* frames between two looks at the rate */
#define RATE_SOME   20000    /* frames a second from which on there is some throttle */
#define RATE_MANY   60000
#define ITR_SOME    (50000 / ITR_UNIT_NS)
#define ITR_MANY    (160000 / ITR_UNIT_NS)

/* The causes that a queue is interested in. */
static u32 queue_causes(const struct e1000_nic *nic, unsigned q, bool pending)
{
	if (nic->msix)
		return ICR_RXQ0 << q | (pending ? ICR_TXQ0 << q : 0);
	return ICR_RXT0 | ICR_RXDMT0 | ICR_RXO | ICR_LSC | (pending ? ICR_TXDW : 0);
}

static void queue_interrupt(struct e1000_rx *rx)
{
	rx->n_interrupts++;
	if (rx->nic->family->extended)
		WRITE_ONCE(rx->masked, true);
	netif_poll_schedule(&rx->np);
}

static enum irq_result vector_interrupt(void *arg)
{
	struct e1000_vector *v = arg;
	struct e1000_nic *nic = v->nic;

	if (v->other) {
		e1000_write(nic, E1000_ICR, ICR_LSC | ICR_RXO | ICR_OTHER);
		if (READ_ONCE(nic->running)) {
			e1000_link_changed(nic);
			e1000_write(nic, E1000_IMS, ICR_LSC | ICR_OTHER);
		}
	}
	if (v->rx && READ_ONCE(nic->running))
		queue_interrupt(v->rx);
	return IRQ_HANDLED;
}

static enum irq_result e1000_interrupt(void *arg)
{
	struct e1000_vector *v = arg;
	struct e1000_nic *nic = v->nic;
	u32 causes;

	if (nic->msix)
		return vector_interrupt(arg);
	if (!READ_ONCE(nic->running))
		return IRQ_NONE; /* masked: another device's on the same line */
	causes = e1000_read(nic, E1000_ICR);
	if (!causes || causes == ~0u)
		return IRQ_NONE;
	if (READ_ONCE(nic->rx[0].sends_told)) {
		WRITE_ONCE(nic->rx[0].sends_told, false);
		e1000_write(nic, E1000_IMC, ICR_TXDW);
	}
	if (causes & ICR_LSC)
		e1000_link_changed(nic);
	queue_interrupt(&nic->rx[0]);
	return IRQ_HANDLED;
}

/* As many as there are queues to use, and one: the number of queues follows from what is given. */
int e1000_irqs_request(struct e1000_nic *nic)
{
	void *args[E1000_QUEUES + 1];
	unsigned want = nic->family->n_queues > 1 ? nic->n_queues + 1 : 1;
	int n;

	for (unsigned i = 0; i < want; i++)
		args[i] = &nic->vectors[i];
	for (unsigned i = 0; i <= E1000_QUEUES; i++)
		nic->vectors[i].nic = nic;
	n = pci_request_irqs(nic->pci, want, e1000_interrupt, args);
	if (n < 0)
		return n;
	nic->msix = nic->pci->msix;
	nic->n_queues = n > 1 ? min(nic->n_queues, (unsigned)n - 1) : 1;
	for (unsigned q = 0; q < nic->n_queues; q++)
		nic->vectors[q].rx = &nic->rx[q];
	nic->vectors[n > 1 ? nic->n_queues : 0].other = true;
	return 0;
}

void e1000_irqs_enable(struct e1000_nic *nic)
{
	u32 causes = ICR_LSC, ivar = 0, ext = e1000_read(nic, E1000_CTRL_EXT);

	if (nic->msix) {
		u32 vectors = 0, other = nic->pci->n_irqs > 1 ? nic->n_queues : 0;

		for (unsigned q = 0; q < nic->n_queues; q++) {
			u32 entry = (IVAR_VALID | q) << IVAR_QUEUE_STEP * q;

			ivar |= entry << IVAR_RXQ0_SHIFT | entry << IVAR_TXQ0_SHIFT;
			vectors |= ICR_RXQ0 << q | ICR_TXQ0 << q;
			causes |= ICR_RXQ0 << q;
		}
		ivar |= (IVAR_VALID | other) << IVAR_OTHER_SHIFT;
		causes |= ICR_OTHER;
		e1000_write(nic, E1000_CTRL_EXT,
			    (ext & ~(u32)(CTRL_EXT_IAME | CTRL_EXT_SPD_BYPS)) | CTRL_EXT_PBA_CLR);
		e1000_write(nic, E1000_IVAR, ivar);
		e1000_write(nic, E1000_EIAC, vectors | ICR_OTHER);
	} else {
		if (nic->family->extended) {
			e1000_write(nic, E1000_CTRL_EXT,
				    (ext & ~(u32)CTRL_EXT_SPD_BYPS) | CTRL_EXT_IAME);
			e1000_write(nic, E1000_IAM, ~0u);
		}
		causes = queue_causes(nic, 0, false);
	}
	for (unsigned q = 0; q < nic->n_queues; q++)
		nic->rx[q].masked = nic->rx[q].sends_told = false;
	e1000_write(nic, E1000_IMS, causes);
}

void e1000_irqs_disable(struct e1000_nic *nic)
{
	e1000_write(nic, E1000_IMC, ~0u);
	e1000_read(nic, E1000_STATUS);
}

void e1000_set_itr(struct e1000_rx *rx, u32 itr)
{
	struct e1000_nic *nic = rx->nic;

	if (rx->itr == itr)
		return;
	rx->itr = itr;
	e1000_write(nic, nic->msix ? E1000_EITR + 4 * rx->index : E1000_ITR, itr);
}

static void throttle(struct e1000_rx *rx)
{
	u64 now = clock_monotonic(), rate;

	rate = rx->frames * (u64)NSEC_PER_SEC / (now - rx->looked_ns + 1);
	rx->frames = 0;
	rx->looked_ns = now;
	if (READ_ONCE(rx->nic->adaptive))
		e1000_set_itr(rx, rate < RATE_SOME ? 0 : rate < RATE_MANY ? ITR_SOME : ITR_MANY);
	else
		e1000_set_itr(rx, READ_ONCE(rx->nic->fixed_itr));
}

int e1000_poll(struct netif_poll *np, int budget)
{
	struct e1000_rx *rx = np->private;
	struct e1000_nic *nic = rx->nic;
	bool pending;
	int n;

	rx->n_polls++;
	e1000_tx_poll(&nic->tx[rx->index], &pending);
	n = e1000_rx_poll(rx, budget);
	rx->frames += (u32)n;
	if (unlikely(rx->frames >= RATE_LOOK))
		throttle(rx);
	if (n >= budget) {
		if (!nic->family->extended && !READ_ONCE(rx->masked)) {
			e1000_write(nic, E1000_IMC, ~0u);
			WRITE_ONCE(rx->masked, true);
		}
		return n;
	}
	if (netif_poll_done(np) && (READ_ONCE(rx->masked) || pending)) {
		u32 causes = pending ? queue_causes(nic, rx->index, true) : 0;

		if (READ_ONCE(rx->masked)) {
			WRITE_ONCE(rx->masked, false);
			causes |= queue_causes(nic, rx->index, pending);
		}
		e1000_write(nic, E1000_IMS, causes);
		/* Only now: a handler in between would take back what was not there yet. */
		if (pending && !nic->family->extended)
			WRITE_ONCE(rx->sends_told, true);
	}
	return n;
}
