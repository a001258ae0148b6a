/* Arithmetic, logic and comparison (ACPI 6.5, 19.6), on integers of 32 or 64 bits. */
#include "drv/acpi/aml_int.h"

enum {
	OP_ADD = 0x72, OP_SUBTRACT = 0x74, OP_INCREMENT = 0x75, OP_MULTIPLY = 0x77,
	OP_SHIFT_LEFT = 0x79, OP_SHIFT_RIGHT = 0x7a, OP_AND = 0x7b, OP_NAND = 0x7c, OP_OR = 0x7d,
	OP_NOR = 0x7e, OP_XOR = 0x7f, OP_FIND_LEFT = 0x81, OP_MOD = 0x85, OP_LAND = 0x90,
	OP_EQUAL = 0x93, OP_GREATER = 0x94, OP_FROM_BCD = 0x5b28,
};

int aml_do_math(struct aml_machine *m, struct aml_call *c)
{
	u64 a = c->integer[0], b = c->integer[1], v;

	switch (c->code) {
	case OP_ADD: v = a + b; break;
	case OP_SUBTRACT: v = a - b; break;
	case OP_MULTIPLY: v = a * b; break;
	case OP_SHIFT_LEFT: v = b > 63 ? 0 : a << b; break;
	case OP_SHIFT_RIGHT: v = b > 63 ? 0 : a >> b; break;
	case OP_AND: v = a & b; break;
	case OP_NAND: v = ~(a & b); break;
	case OP_OR: v = a | b; break;
	case OP_NOR: v = ~(a | b); break;
	case OP_XOR: v = a ^ b; break;
	case OP_MOD:
		if (!b)
			return aml_fail(m, -EINVAL, "a division by zero");
		v = a % b;
		break;
	default: v = ~a; break; /* Not */
	}
	return aml_result_integer(m, c, v);
}

/* Divide: remainder to the first target, quotient to the second; the quotient is its value. */
int aml_do_divide(struct aml_machine *m, struct aml_call *c)
{
	u64 a = c->integer[0], b = c->integer[1];
	struct aml_object *o;

	if (!b)
		return aml_fail(m, -EINVAL, "a division by zero");
	if (aml_new_integer(m, a % b, &o))
		return m->err;
	(void)aml_store(m, o, &c->target[0]);
	aml_put(m, o);
	if (m->err || aml_new_integer(m, a / b, &c->result))
		return m->err;
	return aml_store(m, c->result, &c->target[1]);
}

int aml_do_step(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *o;
	u64 v;

	if (aml_target_value(m, &c->target[0], &o))
		return m->err;
	(void)aml_to_integer(m, o, &v);
	aml_put(m, o);
	if (m->err)
		return m->err;
	return aml_result_integer(m, c, c->code == OP_INCREMENT ? v + 1 : v - 1);
}

static int truth(struct aml_machine *m, struct aml_call *c, bool v)
{
	return aml_new_integer(m, v ? m->ones : 0, &c->result);
}

int aml_do_logic(struct aml_machine *m, struct aml_call *c)
{
	return truth(m, c, c->code == OP_LAND ? c->integer[0] && c->integer[1]
					      : c->integer[0] || c->integer[1]);
}

int aml_do_not(struct aml_machine *m, struct aml_call *c)
{
	return truth(m, c, !c->integer[0]);
}

/* Below 0, 0 or above 0, as a is to b; b is converted to the type of a. */
static int compare(struct aml_machine *m, struct aml_object *a, struct aml_object *b, int *order)
{
	struct aml_object *as;
	u64 v;

	if (a->type == AML_INTEGER) {
		if (aml_to_integer(m, b, &v))
			return m->err;
		*order = a->integer < v ? -1 : a->integer > v;
		return 0;
	}
	if (a->type == AML_STRING ? aml_to_string(m, b, &as) : aml_to_buffer(m, b, &as))
		return m->err;
	*order = memcmp(a->bytes.data, as->bytes.data, min(a->bytes.length, as->bytes.length));
	if (!*order)
		*order = a->bytes.length < as->bytes.length ? -1
							    : a->bytes.length > as->bytes.length;
	aml_put(m, as);
	return 0;
}

int aml_do_compare(struct aml_machine *m, struct aml_call *c)
{
	int order;

	if (compare(m, c->value[0], c->value[1], &order))
		return m->err;
	return truth(m, c, c->code == OP_EQUAL ? order == 0
			   : c->code == OP_GREATER ? order > 0 : order < 0);
}

/* FindSetLeftBit and FindSetRightBit: counted from 1; 0 if none is set. */
int aml_do_find_bit(struct aml_machine *m, struct aml_call *c)
{
	u64 v = c->integer[0];

	if (v)
		v = c->code == OP_FIND_LEFT ? 64 - (u64)__builtin_clzll(v)
					    : (u64)__builtin_ctzll(v) + 1;
	return aml_result_integer(m, c, v);
}

int aml_do_bcd(struct aml_machine *m, struct aml_call *c)
{
	u64 from = c->integer[0], v = 0, scale = 1;

	for (unsigned i = 0; i < 16 && from; i++) {
		if (c->code == OP_FROM_BCD) {
			v += (from & 15) * scale;
			scale *= 10;
			from >>= 4;
		} else {
			v |= from % 10 << (4 * i);
			from /= 10;
		}
	}
	return aml_result_integer(m, c, v);
}

/* Match: the first element from `start` on that fits both comparisons. */
static int fits(struct aml_machine *m, struct aml_object *element, u64 op,
		struct aml_object *with, bool *fit)
{
	int order;

	if (op == 0) { /* MTR: anything */
		*fit = true;
		return 0;
	}
	*fit = false;
	if (element->type < AML_INTEGER || element->type > AML_BUFFER)
		return 0;
	/* Compared in the type that is looked for. */
	if (compare(m, with, element, &order))
		return m->err;
	switch (op) {
	case 1: *fit = order == 0; break;
	case 2: *fit = order >= 0; break; /* MLE: element <= with */
	case 3: *fit = order > 0; break;
	case 4: *fit = order <= 0; break;
	case 5: *fit = order < 0; break;
	default: return aml_fail(m, -EINVAL, "match operator %llu", (unsigned long long)op);
	}
	return 0;
}

int aml_do_match(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *package = c->value[0], *o;

	if (package->type != AML_PACKAGE)
		return aml_fail(m, -EINVAL, "Match in %s", aml_type_name(package->type));
	for (u64 i = c->integer[5]; i < package->package.n; i++) {
		bool first, second;

		if (!package->package.elements[i])
			continue;
		if (aml_step(m) || aml_element(m, package, (u32)i, &o))
			return m->err;
		if (!fits(m, o, c->integer[1], c->value[2], &first))
			(void)fits(m, o, c->integer[3], c->value[4], &second);
		aml_put(m, o);
		if (m->err)
			return m->err;
		if (first && second)
			return aml_new_integer(m, i, &c->result);
	}
	return aml_new_integer(m, m->ones, &c->result);
}
