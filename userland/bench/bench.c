/* The benchmark's frame: see bench.h. Arguments are names of rows, or beginnings of names; without
 * any it is all that need no more than the machine. */
#include "bench.h"

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(const struct row *row, const double *per_op)
{
	const char *unit = row->bytes ? "MB/s" : "ns";

	if (!per_op)
		printf("%s %s -\n", row->name, unit);
	else if (row->bytes)
		printf("%s %s %.1f\n", row->name, unit, row->bytes * 1e3 / per_op[ROUNDS / 2]);
	else
		printf("%s %s %.1f\n", row->name, unit, per_op[ROUNDS / 2]);
	fflush(stdout);
}

static void measure(const struct row *row)
{
	double per_op[ROUNDS];
	int64_t took;
	long n = 1;

	/* Warm up, and find out how often it fits into a round. */
	while ((took = row->run(n)) >= 0 && took < ROUND_NS / 4)
		n = took < ROUND_NS / 40 ? n * 8 : n * 2;
	if (took < 0) {
		report(row, NULL);
		return;
	}
	n = (double)n * ROUND_NS / (took ? took : 1);
	if (n < 1)
		n = 1;
	for (int i = 0; i < ROUNDS; i++) {
		took = row->run(n);
		if (took < 0) {
			report(row, NULL);
			return;
		}
		per_op[i] = (double)took / n;
	}
	qsort(per_op, ROUNDS, sizeof(*per_op), compare);
	report(row, per_op);
}

static bool chosen(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strncmp(name, argv[i], strlen(argv[i])))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	const struct row *const tables[] = {
		call_rows, file_rows, disk_rows, memory_rows, process_rows, talk_rows,
		socket_rows, net_rows, parallel_rows, wire_rows,
	};

	for (unsigned t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (const struct row *row = tables[t]; row->name; row++)
			if (chosen(row->name, argc, argv) && (argc > 1 || tables[t] != wire_rows))
				measure(row);
	return 0;
}
