/*
 * The link: the PHY behind the MDI control register (8254x, 13.4.13), and what the device says of
 * speed and carrier. The PHY negotiates by itself after power-on; it is told to only if somebody
 * left it switched off, or asks for it.
 */
#include "drv/e1000/e1000_int.h"

#include "abi/errno.h"
#include "arch/cpu.h"

#define MDIC_TRIES 2000

static int mdic(struct e1000_nic *nic, u32 command, u32 *value)
{
	e1000_write(nic, E1000_MDIC, command | MDIC_PHY_1);
	for (unsigned i = 0; i < MDIC_TRIES; i++) {
		*value = e1000_read(nic, E1000_MDIC);
		if (*value & MDIC_READY)
			return *value & MDIC_ERROR ? -EIO : 0;
		cpu_relax();
	}
	return -ETIMEDOUT;
}

int e1000_phy_read(struct e1000_nic *nic, unsigned reg, u16 *value)
{
	u32 v = 0;
	int err = mdic(nic, MDIC_READ | reg << MDIC_REG_SHIFT, &v);

	*value = (u16)v;
	return err;
}

int e1000_phy_write(struct e1000_nic *nic, unsigned reg, u16 value)
{
	u32 v;

	return mdic(nic, MDIC_WRITE | reg << MDIC_REG_SHIFT | value, &v);
}

static int negotiate(struct e1000_nic *nic, u16 control)
{
	control &= (u16) ~(PHY_CONTROL_DOWN | PHY_CONTROL_ISOLATE);
	return e1000_phy_write(nic, PHY_CONTROL,
			       control | PHY_CONTROL_NEGOTIATE | PHY_CONTROL_RESTART);
}

void e1000_phy_start(struct e1000_nic *nic)
{
	u16 control;

	if (e1000_phy_read(nic, PHY_CONTROL, &control))
		return;
	if (control & (PHY_CONTROL_DOWN | PHY_CONTROL_ISOLATE) ||
	    !(control & PHY_CONTROL_NEGOTIATE))
		negotiate(nic, control);
}

int e1000_renegotiate(struct netif *nif)
{
	struct e1000_nic *nic = nif->private;
	u16 control;
	int err = e1000_phy_read(nic, PHY_CONTROL, &control);

	return err ? err : negotiate(nic, control);
}

void e1000_link_changed(struct e1000_nic *nic)
{
	netif_set_carrier(nic->nif, e1000_read(nic, E1000_STATUS) & STATUS_LU);
}

void e1000_link(struct netif *nif, u32 *mbits, bool *full)
{
	static const u32 speeds[] = { 10, 100, 1000, 1000 };
	struct e1000_nic *nic = nif->private;
	u32 status = e1000_read(nic, E1000_STATUS);

	*mbits = speeds[status >> STATUS_SPEED_SHIFT & STATUS_SPEED];
	*full = status & STATUS_FD;
}
