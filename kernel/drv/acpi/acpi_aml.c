/*
 * The AML machine in the kernel: its memory, its registers, its log, and the loading of the DSDT
 * and the SSDTs. One lock is held around every evaluation, also while the byte code sleeps.
 *
 * Memory regions may be anything but the RAM that the firmware gave to us: byte code has no
 * business there. Pages that it touches stay mapped, the last few of them.
 */
#include "drv/acpi/acpi_int.h"

#include "abi/errno.h"
#include "arch/acpi.h"
#include "arch/boot.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/mmu.h"
#include "core/clock.h"
#include "core/log.h"
#include "dev/pci.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "sched/thread.h"

#define PAGES_MAPPED  8
#define SPIN_MAX_NS   (50 * NSEC_PER_USEC) /* shorter sleeps are spent waiting */
#define TIMER_UNIT_NS 100
#define PRESENT       BIT(0)
#define FUNCTIONING   BIT(3)

struct mutex acpi_lock = MUTEX_INIT(acpi_lock, RANK_ACPI, "acpi");
struct aml_machine *acpi_aml;

static struct {
	paddr_t page;
	char *at; /* NULL: free */
} pages[PAGES_MAPPED]; /* acpi_lock; the next one to be replaced: */
static unsigned next_page;

static bool is_our_ram(paddr_t start, u64 bytes)
{
	paddr_t end;

	if (add_overflow(start, bytes, &end) || boot_image_overlaps(start, end))
		return true;
	for (unsigned i = 0; i < boot_info.n_ram; i++)
		if (start < boot_info.ram[i].end && end > boot_info.ram[i].start)
			return true;
	return false;
}

static char *map_page(paddr_t page)
{
	unsigned n = next_page;

	for (unsigned i = 0; i < PAGES_MAPPED; i++)
		if (pages[i].at && pages[i].page == page)
			return pages[i].at;
	if (pages[n].at)
		iounmap(pages[n].at);
	next_page = (n + 1) % PAGES_MAPPED;
	pages[n].page = page;
	pages[n].at = ioremap(page, PAGE_SIZE, MMU_NOCACHE);
	return pages[n].at;
}

static int memory_access(paddr_t address, unsigned bits, bool write, u64 *v)
{
	u64 within = address % PAGE_SIZE;
	char *p;

	if (is_our_ram(address, bits / 8) || within + bits / 8 > PAGE_SIZE)
		return -EPERM;
	p = map_page(address - within);
	if (!p)
		return -ENOMEM;
	p += within;
	switch (bits) {
	case 8: write ? mmio_write8(p, (u8)*v) : (void)(*v = mmio_read8(p)); return 0;
	case 16: write ? mmio_write16(p, (u16)*v) : (void)(*v = mmio_read16(p)); return 0;
	case 32: write ? mmio_write32(p, (u32)*v) : (void)(*v = mmio_read32(p)); return 0;
	default: write ? mmio_write64(p, *v) : (void)(*v = mmio_read64(p)); return 0;
	}
}

static int port_access(u64 port, unsigned bits, bool write, u64 *v)
{
	u16 p = (u16)port;

	if (port + bits / 8 > 0x10000 || bits > 32)
		return -EINVAL;
	switch (bits) {
	case 8: write ? io_out8(p, (u8)*v) : (void)(*v = io_in8(p)); return 0;
	case 16: write ? io_out16(p, (u16)*v) : (void)(*v = io_in16(p)); return 0;
	default: write ? io_out32(p, (u32)*v) : (void)(*v = io_in32(p)); return 0;
	}
}

static int config_access(const struct aml_place *place, unsigned bits, bool write, u64 *v)
{
	struct pci_device d = {
		.segment = place->segment, .bus = place->bus, .slot = place->slot,
		.function = place->function,
	};
	unsigned at = (unsigned)place->address;

	if (place->address + bits / 8 > 4096 || bits > 32 || at % (bits / 8))
		return -EINVAL;
	switch (bits) {
	case 8: write ? pci_write8(&d, at, (u8)*v) : (void)(*v = pci_read8(&d, at)); return 0;
	case 16: write ? pci_write16(&d, at, (u16)*v) : (void)(*v = pci_read16(&d, at)); return 0;
	default: write ? pci_write32(&d, at, (u32)*v) : (void)(*v = pci_read32(&d, at)); return 0;
	}
}

static int place_access(const struct aml_place *place, unsigned bits, bool write, u64 *v)
{
	switch (place->space) {
	case AML_SPACE_MEMORY: return memory_access(place->address, bits, write, v);
	case AML_SPACE_IO: return port_access(place->address, bits, write, v);
	case AML_SPACE_PCI: return config_access(place, bits, write, v);
	default: return -EOPNOTSUPP;
	}
}

static int os_read(void *arg, const struct aml_place *place, unsigned bits, u64 *value)
{
	return place_access(place, bits, false, value);
}

static int os_write(void *arg, const struct aml_place *place, unsigned bits, u64 value)
{
	return place_access(place, bits, true, &value);
}

static void *os_alloc(size_t bytes)
{
	return kvmalloc(bytes, MM_KERNEL);
}

static void os_free(void *p)
{
	if (p)
		kvfree(p);
}

static void os_notify(void *arg, struct aml_node *node, u64 value)
{
	acpi_notify(node, value);
}

static void os_sleep(void *arg, u64 us)
{
	u64 end = clock_monotonic() + us * NSEC_PER_USEC;

	while (us * NSEC_PER_USEC > SPIN_MAX_NS && clock_monotonic() < end) {
		thread_prepare(THREAD_UNINTERRUPTIBLE);
		(void)thread_block_until(end);
	}
	thread_running();
	while (clock_monotonic() < end)
		cpu_relax();
}

static u64 os_timer(void *arg)
{
	return clock_monotonic() / TIMER_UNIT_NS;
}

static int os_global_lock(void *arg, bool take)
{
	return acpi_global_lock(take);
}

static void os_relax(void *arg)
{
	sched_point();
}

static void os_say(void *arg, bool wrong, const char *text)
{
	if (wrong)
		log_warn("acpi: %s", text);
	else
		log_debug("acpi: %s", text);
}

static const struct aml_os os = {
	.alloc = os_alloc,
	.free = os_free,
	.read = os_read,
	.write = os_write,
	.notify = os_notify,
	.sleep = os_sleep,
	.timer = os_timer,
	.global_lock = os_global_lock,
	.relax = os_relax,
	.say = os_say,
};

static const struct aml_limits limits = {
	.steps = 2000000,
	.stack = KSTACK_SIZE * 5 / 8,
	.objects = 200000,
	.bytes = 32u << 20,
	.sleep_us = 10000000,
};

static void load_table(const char *signature, unsigned nth)
{
	const struct acpi_header *t = acpi_table_find(signature, nth);
	int err = aml_load(acpi_aml, t, t->length);

	if (err)
		log_warn("acpi: %s %u is not whole in the namespace (%d)", signature, nth, err);
}

static void call(struct aml_node *node, const u64 *args, unsigned n)
{
	struct aml_object *o;

	if (node && !aml_evaluate(acpi_aml, node, args, n, &o))
		aml_put(acpi_aml, o);
}

/* _REG of PCI (6.5.4): its configuration space can be reached. And _INI (6.5.1) of each device that
 * is there and those below it. */
static void initialise_devices(void)
{
	static const u64 pci_reachable[] = { AML_SPACE_PCI, 1 }, apic_mode = 1;
	struct aml_node *n, *absent = NULL;

	for (n = aml_next(acpi_aml, NULL); n; n = aml_next(acpi_aml, n))
		if (aml_node_type(n) == AML_DEVICE)
			call(aml_find(acpi_aml, n, "_REG"), pci_reachable, 2);
	call(aml_find(acpi_aml, NULL, "\\_SB._INI"), NULL, 0);
	for (n = aml_next(acpi_aml, NULL); n; n = aml_next(acpi_aml, n)) {
		struct aml_node *up = n;

		if (aml_node_type(n) != AML_DEVICE)
			continue;
		while (absent && up && up != absent)
			up = aml_parent(up);
		if (absent && up == absent)
			continue; /* below one that is not there */
		absent = NULL;
		if (!(aml_status(acpi_aml, n) & (PRESENT | FUNCTIONING)))
			absent = n;
		else if (aml_status(acpi_aml, n) & PRESENT)
			call(aml_find(acpi_aml, n, "_INI"), NULL, 0);
	}
	/* From here on interrupts are routed to IO-APICs (5.8.1). */
	call(aml_find(acpi_aml, NULL, "\\_PIC"), &apic_mode, 1);
}

void acpi_aml_init(void)
{
	unsigned n = 0;
	u64 start = clock_monotonic();

	if (!acpi_table_find("DSDT", 0)) {
		log_info("acpi: no DSDT");
		return;
	}
	mutex_lock(&acpi_lock);
	acpi_aml = aml_create(&os, NULL, &limits);
	if (acpi_aml) {
		load_table("DSDT", 0);
		for (; acpi_table_find("SSDT", n); n++)
			load_table("SSDT", n);
		initialise_devices();
		log_info("acpi: DSDT and %u SSDTs run in %llu us", n,
			 (unsigned long long)((clock_monotonic() - start) / NSEC_PER_USEC));
	} else {
		log_err("acpi: no memory for the namespace");
	}
	mutex_unlock(&acpi_lock);
}
