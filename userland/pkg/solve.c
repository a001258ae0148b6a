/*
 * From what is wanted to the set of packages that will be installed: each brings what it depends
 * on, in the newest version that fits, if nothing installed fits already. A name is decided once
 * in a run. What then does not fit is upgraded if it can be, else all is refused.
 */
#include "pkg.h"

#include <stdlib.h>
#include <string.h>

static const char *const dependencies[] = {"Pre-Depends", "Depends"};
static const char *const conflicts[] = {"Conflicts", "Breaks"};

/* The newest available package that the relation names, or NULL. */
static struct package *best(const struct relation *relation, const struct packages *available)
{
	struct package *found = NULL;

	for (size_t i = 0; i < available->count; i++) {
		struct package *package = available->all[i];

		if (relation_met_by(relation, package) &&
		    (!found || version_compare(package->version, found->version) > 0))
			found = package;
	}
	return found;
}

static const struct package *any_met(const struct relation *relation,
				     const struct packages *packages)
{
	const struct package *found = relation_met(relation, packages);

	return found || !relation->more ? found : any_met(relation + 1, packages);
}

/* Bring one of the alternatives that start here. */
static void bring(struct packages *final, const struct packages *available,
		  const struct package *package, const struct relation *relation)
{
	for (const struct relation *one = relation;; one++) {
		struct package *found = best(one, available), *present;

		if (found) {
			present = packages_find(final, found->name);
			if (!present || !present->placed) {
				solve_place(final, available, found);
				return;
			}
		}
		if (!one->more)
			break;
	}
	fail("%s %s needs %s, which is not to be had", package->name, package->version,
	     relation_text(relation));
}

static void bring_all(struct packages *final, const struct packages *available,
		      const struct package *package)
{
	for (size_t kind = 0; kind < 2; kind++) {
		struct relations relations = relations_of(package, dependencies[kind]);

		for (size_t i = 0; i < relations.count; i++) {
			if (!any_met(&relations.all[i], final))
				bring(final, available, package, &relations.all[i]);
			while (relations.all[i].more)
				i++;
		}
	}
}

/* Put a package into the set, in the place of another version, and what it needs. */
void solve_place(struct packages *final, const struct packages *available,
		 struct package *package)
{
	size_t i = 0;

	if (package->placed)
		return;
	package->placed = true;
	while (i < final->count && strcmp(final->all[i]->name, package->name))
		i++;
	if (i < final->count)
		final->all[i] = package;
	else
		packages_add(final, package);
	bring_all(final, available, package);
}

/* A package of the set that lacks something, and what: NULL if none does. */
static struct package *lacking(const struct packages *final, const struct relation **what)
{
	for (size_t n = 0; n < final->count; n++)
		for (size_t kind = 0; kind < 2; kind++) {
			struct relations relations =
				relations_of(final->all[n], dependencies[kind]);

			for (size_t i = 0; i < relations.count; i++) {
				*what = &relations.all[i];
				if (!any_met(*what, final))
					return final->all[n];
				while (relations.all[i].more)
					i++;
			}
		}
	return NULL;
}

static void check_conflicts(const struct packages *final)
{
	for (size_t n = 0; n < final->count; n++)
		for (size_t kind = 0; kind < 2; kind++) {
			struct package *package = final->all[n];
			struct relations relations = relations_of(package, conflicts[kind]);

			for (size_t i = 0; i < relations.count; i++)
				for (size_t m = 0; m < final->count; m++)
					if (m != n &&
					    relation_met_by(&relations.all[i], final->all[m]))
						fail("%s and %s cannot both be installed",
						     package->name, final->all[m]->name);
		}
}

/* Upgrade what no longer fits with the rest; refuse a set that does not go together. */
void solve_settle(struct packages *final, const struct packages *available)
{
	const struct relation *what;
	struct package *package, *newer;

	while ((package = lacking(final, &what))) {
		struct relation self = {.name = package->name};

		newer = best(&self, available);
		if (package->placed || !newer || newer->placed ||
		    version_compare(newer->version, package->version) <= 0)
			fail("%s %s needs %s", package->name, package->version,
			     relation_text(what));
		solve_place(final, available, newer);
	}
	check_conflicts(final);
}

static void take_out(struct packages *final, size_t i)
{
	memmove(final->all + i, final->all + i + 1,
		(final->count - i - 1) * sizeof(*final->all));
	final->count--;
}

/* Take these out of the set; what needs them goes, too, or is a reason to refuse. */
void solve_remove(struct packages *final, char *const *names, bool with_others)
{
	const struct relation *what;
	struct package *package;

	for (; *names; names++) {
		size_t i = 0;

		while (i < final->count && strcmp(final->all[i]->name, *names))
			i++;
		if (i == final->count)
			fail("%s is not installed", *names);
		take_out(final, i);
	}
	while ((package = lacking(final, &what))) {
		if (!with_others)
			fail("%s needs %s: remove it as well, or say remove -r", package->name,
			     relation_text(what));
		for (size_t i = 0; i < final->count; i++)
			if (final->all[i] == package) {
				take_out(final, i);
				break;
			}
	}
}
