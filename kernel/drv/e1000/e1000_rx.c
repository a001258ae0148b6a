/*
 * Receiving. A descriptor points to half a page. A small frame is copied out of it; else the packet
 * takes the half, and the descriptor gets the page's other half if nobody has that any more, or a
 * new page. So in the steady state no page is allocated: two halves take turns.
 *
 * A frame longer than a buffer comes in several; the further ones become fragments of the packet.
 * What the device writes is looked at once and believed in nothing: a length beyond the buffer, or
 * a frame without end, costs that frame.
 */
#include "drv/e1000/e1000_int.h"

#include "abi/errno.h"
#include "abi/if_ether.h"
#include "lib/string.h"

/*
 * The doorbell (RDT) rings when this part of the ring has been used up, and not for what is below
 * it: the device has the rest. A doorbell is a write to the device, and an emulated one wakes
 * another thread of its emulator for it.
 */
#define TELL_PART 4u

/* What a descriptor says, of either kind. */
struct frame_status {
	u8 status, errors;
	u16 vlan;
	u32 length, hash;
};

int e1000_rx_fill(struct e1000_rx *rx, struct e1000_rx_slot *slot, unsigned flags)
{
	slot->page = page_alloc(flags);
	slot->offset = 0;
	return slot->page ? 0 : -ENOMEM;
}

void e1000_rx_write(struct e1000_rx *rx, unsigned index)
{
	const struct e1000_rx_slot *slot = &rx->slots[index];
	union e1000_rx_desc_ext *desc = (union e1000_rx_desc_ext *)rx->ring + index;

	/* The status of both kinds is in the second half. */
	desc->read.address = page_to_phys(slot->page) + slot->offset;
	desc->read.zero = 0;
}

/* Whether the descriptor has come back, and with what. */
static inline bool status_read(struct e1000_rx *rx, unsigned index, struct frame_status *f)
{
	if (rx->nic->family->extended) {
		union e1000_rx_desc_ext *desc = (union e1000_rx_desc_ext *)rx->ring + index;
		u32 status = READ_ONCE(desc->done.status);

		if (!(status & RXD_DD))
			return false;
		io_rmb();
		f->status = (u8)status;
		f->errors = (u8)(status >> 24);
		f->length = READ_ONCE(desc->done.length);
		f->vlan = desc->done.vlan;
		f->hash = desc->done.rss_hash;
	} else {
		struct e1000_rx_desc *desc = (struct e1000_rx_desc *)rx->ring + index;

		f->status = READ_ONCE(desc->status);
		if (!(f->status & RXD_DD))
			return false;
		io_rmb();
		f->errors = desc->errors;
		f->length = READ_ONCE(desc->length);
		f->vlan = desc->vlan;
		f->hash = 0;
	}
	return true;
}

/* A reference to the slot's bytes for a packet; the slot goes on with other ones: or NULL. */
static struct page *slot_take(struct e1000_rx *rx, struct e1000_rx_slot *slot, u32 *offset)
{
	struct page *page = slot->page;

	*offset = slot->offset;
	if (likely(__atomic_load_n(&page->refs, __ATOMIC_ACQUIRE) == 1)) {
		page_get(page);
		slot->offset ^= E1000_BUFFER;
		rx->n_recycled++;
		return page;
	}
	if (e1000_rx_fill(rx, slot, MM_ATOMIC)) {
		slot->page = page;
		slot->offset = *offset;
		rx->n_no_memory++;
		return NULL;
	}
	return page;
}

static struct packet *copy_small(struct e1000_rx *rx, const struct e1000_rx_slot *slot, u32 length)
{
	struct packet *p = packet_alloc(0, E1000_COPY, MM_ATOMIC);

	if (unlikely(!p)) {
		rx->n_no_memory++;
		return NULL;
	}
	memcpy(packet_put(p, length), (u8 *)page_to_virt(slot->page) + slot->offset, length);
	rx->n_copied++;
	return p;
}

/* The first buffer of a frame: the packet, or NULL. */
static struct packet *frame_begin(struct e1000_rx *rx, struct e1000_rx_slot *slot, u32 length)
{
	struct page *page;
	struct packet *p;
	u32 offset;

	if (length <= E1000_COPY)
		return copy_small(rx, slot, length);
	page = slot_take(rx, slot, &offset);
	if (unlikely(!page))
		return NULL;
	p = packet_around(page, offset, E1000_BUFFER, 0, length);
	if (unlikely(!p)) {
		page_put(page);
		rx->n_no_memory++;
	}
	return p;
}

/* A further one: false if it cannot be added. */
static bool frame_continue(struct e1000_rx *rx, struct e1000_rx_slot *slot, struct packet *p,
			   u32 length)
{
	struct page *page;
	u32 offset;

	if (!length)
		return true;
	page = slot_take(rx, slot, &offset);
	if (!page)
		return false;
	if (packet_add_frag(p, page, offset, length))
		return true;
	page_put(page);
	return false;
}

static void deliver(struct e1000_rx *rx, struct packet *p, const struct frame_status *f)
{
	struct netif *nif = rx->nic->nif;

	if (f->status & RXD_VP) {
		p->has_vlan = true;
		p->vlan = f->vlan;
	}
	if (likely(!(f->status & RXD_IXSM) && f->status & RXD_TCPCS &&
		   !(f->errors & (RXE_TCPE | RXE_IPE)) && nif->features & NETIF_RX_SUM))
		p->sum = SUM_VALID;
	p->hash = f->hash;
	netif_receive(nif, p);
}

/* Drops the frame that the buffer belongs to, up to its last. */
static void frame_drop(struct e1000_rx *rx, bool last)
{
	struct netif_counts *counts = netif_counts(rx->nic->nif);

	packet_free(rx->chain);
	rx->chain = NULL;
	counts->rx_dropped += !rx->skip;
	rx->skip = !last;
}

/* One buffer. */
static void buffer_received(struct e1000_rx *rx, struct e1000_rx_slot *slot,
			    const struct frame_status *f)
{
	bool last = f->status & RXD_EOP;
	struct packet *p = rx->chain;

	if (unlikely(f->length > E1000_BUFFER || rx->skip ||
		     (last && f->errors & RXE_FRAME))) {
		if (!rx->skip)
			netif_counts(rx->nic->nif)->rx_errors++;
		frame_drop(rx, last);
		return;
	}
	if (likely(!p)) {
		p = frame_begin(rx, slot, f->length);
		if (unlikely(!p)) {
			frame_drop(rx, last);
			return;
		}
	} else if (!frame_continue(rx, slot, p, f->length)) {
		frame_drop(rx, last);
		return;
	}
	rx->chain = last ? NULL : p;
	if (likely(last))
		deliver(rx, p, f);
}

/* Lets the device use the descriptors up to the one before `next`, if those are many. */
static void tell(struct e1000_rx *rx)
{
	unsigned n = rx->nic->n_rx, up_to = rx->next ? rx->next - 1 : n - 1;
	unsigned more = up_to >= rx->told ? up_to - rx->told : up_to + n - rx->told;

	if (more < n / TELL_PART)
		return;
	rx->told = up_to;
	io_wmb();
	e1000_write(rx->nic, e1000_queue_reg(E1000_RDT, rx->index), up_to);
}

int e1000_rx_poll(struct e1000_rx *rx, int budget)
{
	unsigned size = rx->nic->n_rx;
	struct frame_status f;
	int n = 0;

	while (n < budget && status_read(rx, rx->next, &f)) {
		unsigned index = rx->next;

		rx->next = index + 1 == size ? 0 : index + 1;
		buffer_received(rx, &rx->slots[index], &f);
		e1000_rx_write(rx, index);
		tell(rx);
		n++;
	}
	return n;
}
