/*
 * Where devices stand in the tree of devices, /sys/devices, and what is told of them there and in
 * events (dev/uevent.h). The paths are Linux', which programs take apart: a disk is below the
 * controller that it is plugged into, what is nowhere plugged in is below "virtual".
 */
#pragma once

#include "lib/types.h"

struct blkdev;
struct chrdev;
struct disk_host;
struct netif;
struct pci_device;

#define DEVTREE_PATH 160

struct devtree_entry {
	char path[DEVTREE_PATH];  /* "/devices/virtual/mem/null" */
	const char *subsystem;    /* "mem" */
	bool bus;                 /* that is a bus and not a class */
	char properties[320];     /* lines "MAJOR=1\n…" */
};

/* Each fills all of *out. Thread context; the device is registered, or was. */
void devtree_blkdev(const struct blkdev *d, struct devtree_entry *out);
/* A node of a character device. */
void devtree_chrdev(const struct chrdev *d, u32 minor, struct devtree_entry *out);
void devtree_netif(const struct netif *nif, struct devtree_entry *out);
void devtree_pci(const struct pci_device *d, struct devtree_entry *out);
/* What disks are plugged into: the device itself. */
void devtree_host(const struct disk_host *host, struct devtree_entry *out);
/* What is plugged in there, as a device of SCSI's. */
void devtree_scsi(const struct disk_host *host, bool cdrom, struct devtree_entry *out);
/* The modalias of a PCI device, by which its driver is found. */
#define PCI_MODALIAS 64
void devtree_pci_alias(const struct pci_device *d, char alias[PCI_MODALIAS]);
