/*
 * Binding a socket to an interface: SO_BINDTODEVICE, SO_BINDTOIFINDEX (socket(7)). The socket keeps
 * the number, not the interface, which may go at any time.
 */
#include "net/sock_int.h"

#include "abi/capability.h"
#include "arch/usercopy.h"
#include "dev/netif.h"
#include "lib/string.h"

/* Who is bound may only be freed or moved by those who may send raw packets. */
static int bind_index(struct sock *s, u32 index)
{
	int err = 0;

	spin_lock(&s->lock);
	if (s->bound_if && !sock_capable(CAP_NET_RAW))
		err = -EPERM;
	else
		WRITE_ONCE(s->bound_if, index);
	spin_unlock(&s->lock);
	if (!err && s->ops->option_changed)
		s->ops->option_changed(s, SO_BINDTODEVICE);
	return err;
}

int sock_bind_device(struct sock *s, int name, const void __user *value, u32 n)
{
	char text[NETIF_NAME] = "";
	struct netif *nif;
	int index;

	if (name == SO_BINDTOIFINDEX) {
		if (n < sizeof(index))
			return -EINVAL;
		if (copy_in_obj(&index, (const int __user *)value) < 0)
			return -EFAULT;
		return index < 0 ? -EINVAL : bind_index(s, (u32)index);
	}
	if (copy_in(text, value, min(n, (u32)sizeof(text) - 1)) < 0)
		return -EFAULT;
	if (!text[0])
		return bind_index(s, 0);
	nif = netif_by_name(text);
	if (!nif)
		return -ENODEV;
	index = (int)nif->index;
	netif_put(nif);
	return bind_index(s, (u32)index);
}

int sock_bound_device(struct sock *s, void __user *value, u32 *n)
{
	u32 index = READ_ONCE(s->bound_if);
	char text[NETIF_NAME];
	struct netif *nif;

	if (!index) {
		*n = 0;
		return 0;
	}
	if (*n < NETIF_NAME)
		return -EINVAL;
	nif = netif_by_index(index);
	if (!nif)
		return -ENODEV;
	memcpy(text, nif->name, sizeof(text));
	netif_put(nif);
	*n = (u32)strlen(text) + 1;
	return copy_out(value, text, *n);
}
