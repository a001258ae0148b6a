/*
 * Private to the AML machine: what its files share.
 *
 * Vocabulary (ACPI 6.5, 20.2): a *term* is an opcode with its operands, or a name. A *frame* is one
 * run of a method, or of a table while it is loaded; *blocks* are the nested bodies (If, While,
 * Scope …) in it. An object is counted; a node (a name in the namespace) holds one. Integers,
 * strings and buffers of a name are changed in place when they are stored to, so that what refers
 * to them follows; locals and arguments are cells, in which another object is put.
 *
 * Functions that evaluate return 0 or a negative errno, after aml_fail() has noted why; the first
 * failure stays in m->err until the evaluation ends, so a caller may as well look there after
 * several calls. An object handed out through an out parameter is the caller's (aml_put).
 */
#pragma once

#include "abi/errno.h"
#include "drv/acpi/aml.h"
#include "lib/list.h"
#include "lib/string.h"

#define AML_ARGS      7
#define AML_LOCALS    8
#define AML_FRAMES    64       /* nested methods */
#define AML_BLOCKS    128      /* nested bodies in a frame */
#define AML_NESTED    16       /* packages within packages, when copied */
#define AML_BYTES_MAX (1u << 20) /* of one string or buffer */
#define AML_ELEMENTS_MAX 65536   /* of one package */

struct aml_table {
	struct aml_table *next;
	char name[5];
	const u8 *start, *end;
};

struct aml_node {
	struct list link;  /* all nodes */
	u32 refs;          /* one of the namespace, one of each who points here */
	char name[4];
	struct aml_node *parent, *child, *sibling; /* parent NULL: the root, or removed */
	struct aml_node *alias; /* stands for this one */
	struct aml_node *made;  /* next one that the same frame made */
	struct aml_object *object; /* NULL: a mere scope */
};

struct aml_method {
	const u8 *code, *end;
	const struct aml_table *table;
	/* Our own methods (_OSI): instead of code. */
	int (*native)(struct aml_machine *m, struct aml_object **args, struct aml_object **out);
	u8 n_args;
};

struct aml_region {
	struct aml_node *node; /* whose device a PCI region belongs to */
	u64 base, length;
	struct aml_place place; /* of a PCI region, once known */
	u8 space;
	bool placed;
};

enum aml_field_kind { AML_IN_REGION, AML_BY_INDEX, AML_IN_BANK };

struct aml_field {
	struct aml_object *region;         /* IN_REGION, IN_BANK */
	struct aml_object *index, *data;   /* BY_INDEX: fields; IN_BANK: index selects the bank */
	u64 bank;
	u32 bit, bits;                     /* from the start of the region */
	u8 kind, access, update;           /* access: low 4 bits of the flags; update: bits 5, 6 */
	bool lock;
};

struct aml_buffer_field {
	struct aml_object *buffer;
	u32 bit, bits;
};

/* To a node, or to an object, or (element) to one of its bytes or elements. */
struct aml_reference {
	struct aml_node *node;
	struct aml_object *object;
	u32 at;
	bool element;
};

struct aml_object {
	struct list link; /* all objects, or those that are being freed */
	u32 refs;
	u8 type;          /* enum aml_type */
	union {
		u64 integer;
		struct { u8 *data; u32 length; } bytes; /* strings: a NUL follows */
		struct { struct aml_object **elements; u32 n; } package;
		struct aml_method method;
		struct aml_region region;
		struct aml_field field;
		struct aml_buffer_field part;
		struct aml_reference ref;
		struct { const u8 *at, *end; struct aml_node *scope; } path;
		struct { struct aml_object *next; u32 depth; bool global; } mutex; /* held ones */
		u32 signals; /* event */
	};
};

enum aml_block_kind { AML_BLOCK_IF, AML_BLOCK_WHILE, AML_BLOCK_SCOPE };

struct aml_block {
	const u8 *start;        /* While: its predicate */
	const u8 *outer_end;
	struct aml_node *outer_scope;
	u8 kind;
};

struct aml_frame {
	struct aml_frame *up;
	const struct aml_table *table;
	const u8 *at, *end;     /* the block that runs */
	const u8 *term;         /* for messages: the opcode that runs */
	const u8 *resume;       /* loading: where what fails here ends, if known */
	struct aml_node *scope;
	struct aml_node *method; /* NULL: loading */
	struct aml_object *code; /* the method's object */
	struct aml_object *args[AML_ARGS], *locals[AML_LOCALS], *result;
	struct aml_node *made;
	struct aml_block *blocks;
	u32 n_blocks, size_blocks;
	bool returned;
	bool statement; /* the next term is one, not an operand */
};

struct aml_machine {
	const struct aml_os *os;
	void *arg;
	struct aml_limits limits;
	struct aml_node *root;
	struct aml_table *tables;
	struct list nodes, objects, dying;
	bool draining;
	u32 n_objects, n_bytes;
	u64 ones;               /* all bits of an integer: 32 in old tables, else 64 */
	bool dsdt_seen;

	/* Of the evaluation that runs: */
	u32 depth; /* of aml_evaluate() within each other */
	struct aml_frame *frame;
	u32 n_frames, steps;
	u64 slept_us;
	uintptr_t stack_top;
	struct aml_object *held; /* mutexes */
	int err;
	char error[240];
};

/* Where a result goes. */
enum aml_target_kind { AML_TO_NOTHING, AML_TO_CELL, AML_TO_NODE, AML_TO_REFERENCE, AML_TO_DEBUG };

struct aml_target {
	u8 kind;
	bool is_arg; /* CELL: of an argument */
	union {
		struct aml_object **cell; /* CELL */
		struct aml_node *node;    /* NODE: counted */
		struct aml_object *ref;   /* REFERENCE: counted */
	};
};

/* The operands of an opcode, evaluated. It lies on the stack once per nesting: small. */
#define AML_OPERANDS 6
struct aml_call {
	const struct aml_op *op;
	union {
		struct aml_object *value[AML_OPERANDS];
		u64 integer[AML_OPERANDS];
	};
	struct aml_target target[2];
	struct aml_object *result;
	u8 n_values, n_targets;
	u8 objects; /* bit n: value[n], not integer[n] */
	u16 code;
};

struct aml_op {
	const char *name;
	/* One letter per operand, in order (aml_call.c). */
	const char *operands;
	int (*run)(struct aml_machine *m, struct aml_call *c);
	bool statement; /* stands where statements do only */
};

/* aml_object.c */
struct aml_object *aml_new(struct aml_machine *m, enum aml_type type);
int aml_new_integer(struct aml_machine *m, u64 v, struct aml_object **out);
/* A string or a buffer of n bytes, from `data` or zeroed. */
int aml_new_bytes(struct aml_machine *m, enum aml_type type, const void *data, size_t n,
		  struct aml_object **out);
int aml_new_package(struct aml_machine *m, size_t n, struct aml_object **out);
int aml_new_reference(struct aml_machine *m, struct aml_node *node, struct aml_object *object,
		      struct aml_object **out);
struct aml_object *aml_get(struct aml_object *o);
/* A copy of data, deep; of anything else one more reference. */
int aml_copy(struct aml_machine *m, struct aml_object *o, struct aml_object **out);
/* Makes a string or buffer these n bytes (which may be its own). */
int aml_bytes_set(struct aml_machine *m, struct aml_object *o, const void *data, size_t n);
/* Makes `o` the same data as `from`, of the same type. */
int aml_become(struct aml_machine *m, struct aml_object *o, struct aml_object *from);
const char *aml_type_name(unsigned type);
void *aml_alloc(struct aml_machine *m, size_t n); /* zeroed; NULL after aml_fail() */

/* aml_namespace.c */
struct aml_name {
	const u8 *segments; /* 4 bytes each */
	u32 up;             /* ^ */
	u8 n;
	bool root;
};
/* Reads a NameString (20.2.2) and moves *at: 0 or -EINVAL, without a message. */
int must_check aml_name_parse(const u8 **at, const u8 *end, struct aml_name *name);
/* By the search rules (5.3): a single segment is looked for upwards. */
struct aml_node *aml_lookup(struct aml_machine *m, struct aml_node *scope,
			    const struct aml_name *name);
/* A new node at that name; the running frame's own if it is a method's. -EEXIST, -ENOENT. */
int aml_make_node(struct aml_machine *m, const struct aml_name *name, struct aml_node **out);
int aml_make_child(struct aml_machine *m, struct aml_node *parent, const char *name,
		   struct aml_node **out);
struct aml_node *aml_node_get(struct aml_node *node);
void aml_node_put(struct aml_machine *m, struct aml_node *node);
/* Takes a node and what is below it out of the namespace. */
void aml_node_remove(struct aml_machine *m, struct aml_node *node);
/* Gives the node an object (whose reference it takes) instead of the one that it has. */
void aml_node_set(struct aml_machine *m, struct aml_node *node, struct aml_object *o);
void aml_name_text(const struct aml_name *name, char *text, size_t size);

/* aml_stream.c: from the running frame's code. */
int aml_fail(struct aml_machine *m, int err, const char *fmt, ...) __printf(3, 4);
/* Tells the failure that was noted, and forgets it. */
void aml_tell(struct aml_machine *m);
/* Before each term: limits. */
int aml_step(struct aml_machine *m);
int aml_stack_check(struct aml_machine *m);
int aml_read_int(struct aml_machine *m, unsigned bytes, u64 *v);
/* A PkgLength: the end of what it measures. */
int aml_read_package(struct aml_machine *m, const u8 **end);
/* The number alone, as in field lists. */
int aml_read_length(struct aml_machine *m, u32 *v);
int aml_read_name(struct aml_machine *m, struct aml_name *name);
/* The name of something new: its node. */
int aml_read_new(struct aml_machine *m, struct aml_node **node);
/* The name of something that must be there. */
int aml_read_node(struct aml_machine *m, struct aml_node **node);
bool aml_is_name(u8 byte); /* a NameString begins so */

/* aml_eval.c */
/* Evaluates the term at the frame's position; *out NULL: no value. */
int aml_term(struct aml_machine *m, struct aml_object **out);
/* The same; it must have one. */
int aml_value(struct aml_machine *m, struct aml_object **out);
int aml_integer(struct aml_machine *m, u64 *v);
/* The value that a node stands for; of what has none a reference. Not of a method. */
int aml_node_value(struct aml_machine *m, struct aml_node *node, struct aml_object **out);
/* The value behind a reference. */
int aml_deref(struct aml_machine *m, struct aml_object *ref, struct aml_object **out);
int aml_element(struct aml_machine *m, struct aml_object *package, u32 n, struct aml_object **out);

/* aml_call.c */
int aml_op_run(struct aml_machine *m, struct aml_call *c, struct aml_object **out);
/* Hands `o` to the first target and makes it the result; takes its reference. */
int aml_result(struct aml_machine *m, struct aml_call *c, struct aml_object *o);
int aml_result_integer(struct aml_machine *m, struct aml_call *c, u64 v);

/* aml_target.c */
/* Reads a SuperName or Target. `need`: it may not be missing. */
int aml_read_target(struct aml_machine *m, bool need, struct aml_target *t);
void aml_target_put(struct aml_machine *m, struct aml_target *t);
/* What is there: for SizeOf and the like. */
int aml_target_value(struct aml_machine *m, struct aml_target *t, struct aml_object **out);
/* The node that it is or refers to, or NULL. */
struct aml_node *aml_target_node(const struct aml_target *t);
/* The object that a name holds, if it is of that type: mutexes, events. */
int aml_target_object(struct aml_machine *m, struct aml_target *t, enum aml_type type,
		      struct aml_object **out);

/* aml_store.c */
int aml_store(struct aml_machine *m, struct aml_object *o, struct aml_target *t);
/* Without conversion. */
int aml_copy_to(struct aml_machine *m, struct aml_object *o, struct aml_target *t);

/* aml_frame.c */
int aml_invoke(struct aml_machine *m, struct aml_node *node, struct aml_object **args, unsigned n,
	       struct aml_object **out);
int aml_run_table(struct aml_machine *m, const struct aml_table *table);
int aml_block_push(struct aml_machine *m, enum aml_block_kind kind, const u8 *start, const u8 *end);

/* aml_convert.c */
int aml_to_integer(struct aml_machine *m, const struct aml_object *o, u64 *v);
int aml_to_buffer(struct aml_machine *m, struct aml_object *o, struct aml_object **out);
int aml_to_string(struct aml_machine *m, struct aml_object *o, struct aml_object **out);
unsigned aml_integer_bytes(const struct aml_machine *m);

/* aml_field.c */
u64 aml_bits_load(const u8 *bytes, size_t bit, unsigned n);
void aml_bits_store(u8 *bytes, size_t bit, unsigned n, u64 v);
int aml_field_read(struct aml_machine *m, struct aml_object *field, struct aml_object **out);
int aml_field_write(struct aml_machine *m, struct aml_object *field, struct aml_object *value);
int aml_part_read(struct aml_machine *m, struct aml_object *part, struct aml_object **out);
int aml_part_write(struct aml_machine *m, struct aml_object *part, struct aml_object *value);

/* aml_region.c */
/* One access of `bytes` at an offset in the region. */
int aml_region_access(struct aml_machine *m, struct aml_object *region, u64 offset, unsigned bytes,
		      bool write, u64 *v);

/* aml_sync.c */
void aml_release_all(struct aml_machine *m);
int aml_global_lock(struct aml_machine *m, bool take);

/* aml_predefined.c */
int aml_predefine(struct aml_machine *m);

/* The operations, by file; the table of opcodes (aml_opcode.c) names them. */
extern const struct aml_op *aml_op_find(u16 code);
typedef int aml_op_fn(struct aml_machine *m, struct aml_call *c);
aml_op_fn aml_do_constant, aml_do_string, aml_do_buffer, aml_do_package, aml_do_revision;
aml_op_fn aml_do_local, aml_do_debug;
aml_op_fn aml_do_alias, aml_do_name, aml_do_scope, aml_do_method, aml_do_external, aml_do_device;
aml_op_fn aml_do_processor, aml_do_power, aml_do_thermal, aml_do_mutex, aml_do_event;
aml_op_fn aml_do_region, aml_do_field, aml_do_index_field, aml_do_bank_field, aml_do_create_field;
aml_op_fn aml_do_if, aml_do_else, aml_do_while, aml_do_break, aml_do_continue, aml_do_return;
aml_op_fn aml_do_noop, aml_do_fatal, aml_do_breakpoint;
aml_op_fn aml_do_math, aml_do_divide, aml_do_step, aml_do_logic, aml_do_compare, aml_do_not;
aml_op_fn aml_do_find_bit, aml_do_bcd;
aml_op_fn aml_do_store, aml_do_copy, aml_do_ref_of, aml_do_cond_ref_of, aml_do_deref_of;
aml_op_fn aml_do_index, aml_do_size_of, aml_do_object_type, aml_do_match;
aml_op_fn aml_do_concat, aml_do_concat_res, aml_do_mid, aml_do_to_buffer, aml_do_to_decimal;
aml_op_fn aml_do_to_hex, aml_do_to_integer, aml_do_to_string;
aml_op_fn aml_do_acquire, aml_do_release, aml_do_signal, aml_do_wait, aml_do_reset;
aml_op_fn aml_do_notify, aml_do_sleep, aml_do_stall, aml_do_timer;
