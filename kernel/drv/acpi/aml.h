/*
 * The AML machine: a namespace filled from the DSDT and the SSDTs, and an evaluator of the byte
 * code in it (ACPI 6.5, chapters 19 and 20). Pure: it reaches the world through struct aml_os only.
 *
 * One machine is used by one thread at a time; its owner holds a lock around every call. Byte code
 * is hostile: every read is within the table, and recursion, steps, objects, memory and sleep are
 * limited. What fails is told once by os->say, with the table, the offset, the method and the
 * reason. Tables must stay where they are as long as the machine lives.
 */
#pragma once

#include "lib/types.h"

struct aml_machine;
struct aml_node;
struct aml_object;

/* The numbers that ObjectType answers (19.6.97), and after them those of our own. */
enum aml_type {
	AML_NONE,
	AML_INTEGER,
	AML_STRING,
	AML_BUFFER,
	AML_PACKAGE,
	AML_FIELD,
	AML_DEVICE,
	AML_EVENT,
	AML_METHOD,
	AML_MUTEX,
	AML_REGION,
	AML_POWER,
	AML_PROCESSOR,
	AML_THERMAL,
	AML_BUFFER_FIELD,
	AML_TABLE,
	AML_DEBUG,
	AML_REFERENCE, /* to a node, an object, or an element of one */
	AML_PATH,      /* a name in a package, looked up when it is needed */
};

/* Address spaces of operation regions (table 5.214). */
enum { AML_SPACE_MEMORY, AML_SPACE_IO, AML_SPACE_PCI };

/* What a field is in: `address` is a physical address, a port, or an offset in the configuration
 * space of the function that the other members name. */
struct aml_place {
	u64 address;
	u16 segment;
	u8 space, bus, slot, function;
};

/* All called in the caller's context. `arg` is what aml_create() got. */
struct aml_os {
	void *(*alloc)(size_t bytes); /* NULL: none */
	void (*free)(void *p);
	/* One access of 8, 16, 32 or 64 bits: 0, or -EIO, -EOPNOTSUPP, … */
	int (*read)(void *arg, const struct aml_place *place, unsigned bits, u64 *value);
	int (*write)(void *arg, const struct aml_place *place, unsigned bits, u64 value);
	void (*notify)(void *arg, struct aml_node *node, u64 value);
	void (*sleep)(void *arg, u64 us);
	u64 (*timer)(void *arg);                 /* units of 100 ns */
	int (*global_lock)(void *arg, bool take); /* 0, or -ETIMEDOUT */
	void (*relax)(void *arg);                /* now and then: may give the CPU away */
	void (*say)(void *arg, bool wrong, const char *text);
};

/* Bounds of one evaluation, and of the machine. */
struct aml_limits {
	u32 steps;   /* opcodes, per evaluation */
	u32 stack;   /* bytes of the caller's stack, per evaluation */
	u32 objects; /* objects and names alive */
	u32 bytes;   /* of strings, buffers and packages alive */
	u64 sleep_us; /* of Sleep and Stall, per evaluation */
};

/* A machine with the predefined names (5.7), or NULL: no memory. */
struct aml_machine *aml_create(const struct aml_os *os, void *arg,
			       const struct aml_limits *limits);
void aml_destroy(struct aml_machine *m);

/* Runs a definition block: a table with its header, `size` bytes. What cannot be run is told and
 * left out; the first error is returned. -EINVAL: no such table. */
int aml_load(struct aml_machine *m, const void *table, size_t size);

/* The node at `path` ("\\_SB.PCI0._PRT", or relative to `from`, NULL: the root; no search upwards),
 * or NULL. Nodes of tables live as long as the machine. */
struct aml_node *aml_find(struct aml_machine *m, struct aml_node *from, const char *path);
/* All nodes, parents first: the one after `node`, or the first for NULL. */
struct aml_node *aml_next(struct aml_machine *m, struct aml_node *node);
struct aml_node *aml_parent(struct aml_node *node);
/* Four characters, not terminated. */
const char *aml_name(const struct aml_node *node);
/* The absolute path, cut to size. */
void aml_path(const struct aml_node *node, char *text, size_t size);
enum aml_type aml_node_type(const struct aml_node *node);

/* The value of the node; a method is called with n integers. The object is the caller's, to be
 * given back with aml_put(); NULL where a method returns nothing. */
int must_check aml_evaluate(struct aml_machine *m, struct aml_node *node, const u64 *args,
			    unsigned n, struct aml_object **out);
/* The same with one object as argument (for _SRS). */
int must_check aml_evaluate_with(struct aml_machine *m, struct aml_node *node,
				 struct aml_object *argument);
/* The integer value of `path` below `from`: 0, -ENOENT if there is none. */
int must_check aml_integer_at(struct aml_machine *m, struct aml_node *from, const char *path,
			      u64 *value);
void aml_put(struct aml_machine *m, struct aml_object *o);

enum aml_type aml_object_type(const struct aml_object *o); /* AML_NONE for NULL */
/* 0, or -EINVAL: it is none. */
int must_check aml_integer_of(const struct aml_object *o, u64 *value);
/* The bytes of a string or buffer, which may be changed in place; NULL if it is none. */
u8 *aml_bytes_of(struct aml_object *o, size_t *size);
/* Elements of a package; 0 if it is none. */
unsigned aml_count_of(const struct aml_object *o);
/* The nth element, names resolved; the caller's. -ENOENT: none, or not initialised. */
int must_check aml_element_of(struct aml_machine *m, struct aml_object *package, unsigned n,
			      struct aml_object **out);
/* The node that a reference points to, or NULL. */
struct aml_node *aml_node_of(const struct aml_object *o);
/* A new buffer with a copy of `size` bytes. */
int must_check aml_buffer_make(struct aml_machine *m, const void *bytes, size_t size,
			       struct aml_object **out);

/* Whether the device is of that class: its _HID or one of its _CID, "PNP0C0F". */
bool aml_is_a(struct aml_machine *m, struct aml_node *device, const char *id);
/* _STA, or all that there is no reason to doubt (6.3.7): bit 0 present, bit 3 working. */
u32 aml_status(struct aml_machine *m, struct aml_node *device);
/* Where a device below a PCI host bridge is, from the _ADR, _BBN and _SEG on the way to it and the
 * bus numbers in bridges: 0, or -ENODEV. Answers the bus behind it in *bus if it is the host
 * bridge itself (whether: *host). */
int must_check aml_pci_place(struct aml_machine *m, struct aml_node *device,
			     struct aml_place *place, bool *host);
