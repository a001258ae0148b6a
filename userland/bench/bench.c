/*
 * The benchmark's frame: see bench.h. Arguments are names of rows, or beginnings of names (with $
 * at the end, whole ones); without any it is all that need no more than the machine. With -o first,
 * for clocks that do not stray: one short round each, and behind VALUE how many operations were
 * done in all.
 */
#include "bench.h"

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool once;

/* Print a row that took so long an operation; 0: it cannot be done here. */
static void report(const struct row *row, double per_op, long operations)
{
	printf("%s %s ", row->name, row->bytes ? "MB/s" : "ns");
	if (per_op)
		printf("%.1f", row->bytes ? row->bytes * 1e3 / per_op : per_op);
	else
		printf("-");
	if (once)
		printf(" %ld", operations);
	printf("\n");
	fflush(stdout);
}

static void measure(const struct row *row)
{
	const int rounds = once ? 1 : ROUNDS;
	const int64_t round_ns = once ? ROUND_NS / 6 : ROUND_NS;
	double per_op[ROUNDS];
	int64_t took;
	long n = 1, operations = 1;

	/* Warm up, and find out how often it fits into a round. */
	while ((took = row->run(n)) >= 0 && took < round_ns / 4) {
		n = took < round_ns / 40 ? n * 8 : n * 2;
		operations += n;
	}
	n = (double)n * round_ns / (took > 0 ? took : 1);
	if (n < 1)
		n = 1;
	for (int i = 0; i < rounds && took >= 0; i++) {
		took = row->run(n);
		per_op[i] = (double)took / n;
		operations += n;
	}
	qsort(per_op, rounds, sizeof(*per_op), compare);
	report(row, took < 0 ? 0 : per_op[rounds / 2], operations);
}

static bool chosen(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t length = strcspn(argv[i], "$");

		if (!strncmp(name, argv[i], length) && (!argv[i][length] || !name[length]))
			return true;
	}
	return argc < 2;
}

int main(int argc, char **argv)
{
	const struct row *const tables[] = {
		call_rows, file_rows, disk_rows, memory_rows, process_rows, talk_rows,
		socket_rows, net_rows, parallel_rows, wire_rows,
	};

	if (argc > 1 && !strcmp(argv[1], "-o")) {
		once = true;
		argc--, argv++;
	}
	for (unsigned t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (const struct row *row = tables[t]; row->name; row++)
			if (chosen(row->name, argc, argv) && (argc > 1 || tables[t] != wire_rows))
				measure(row);
	return 0;
}
