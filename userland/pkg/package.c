/* Packages, the paragraphs that describe them (deb-control(5)), and relations between them. */
#include "pkg.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The value of a field of a paragraph, with the lines that continue it; NULL if it has none. */
char *field(const char *control, const char *name)
{
	size_t length = strlen(name);
	const char *line = control, *end;

	while (strncasecmp(line, name, length) || line[length] != ':') {
		line = strchr(line, '\n');
		if (!line || !*++line)
			return NULL;
	}
	line += length + 1;
	while (*line == ' ' || *line == '\t')
		line++;
	for (end = line + strcspn(line, "\n"); *end && (end[1] == ' ' || end[1] == '\t');)
		end += 1 + strcspn(end + 1, "\n");
	return format("%.*s", (int)(end - line), line);
}

/* Letters, digits and a few signs: what may be in names and versions, and in names of files. */
static bool is_word(const char *text, const char *signs)
{
	if (!text || !isalnum((unsigned char)*text))
		return false;
	while (*text && (isalnum((unsigned char)*text) || strchr(signs, *text)))
		text++;
	return !*text;
}

/* A package from its paragraph; NULL if that has no proper name and version. */
struct package *package_new(const char *paragraph, size_t length)
{
	struct package *package = get(sizeof(*package));
	struct buffer control = {0};

	buffer_add(&control, paragraph, length);
	while (control.length && control.data[control.length - 1] == '\n')
		control.data[--control.length] = '\0';
	buffer_add(&control, "\n", 1);
	package->control = control.data;
	package->name = field(package->control, "Package");
	package->version = field(package->control, "Version");
	if (strlen(package->control) == control.length && is_word(package->name, "+-.") &&
	    is_word(package->version, "+-.:~"))
		return package;
	free(package->name);
	free(package->version);
	free(package->control);
	free(package);
	return NULL;
}

void packages_add(struct packages *packages, struct package *package)
{
	packages->all = grow(packages->all, packages->count, sizeof(*packages->all));
	packages->all[packages->count++] = package;
}

/* The first of this name, or NULL. */
struct package *packages_find(const struct packages *packages, const char *name)
{
	for (size_t i = 0; i < packages->count; i++)
		if (!strcmp(packages->all[i]->name, name))
			return packages->all[i];
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return strcmp((*(struct package *const *)a)->name, (*(struct package *const *)b)->name);
}

/* By name. */
void packages_sort(struct packages *packages)
{
	if (packages->count)
		qsort(packages->all, packages->count, sizeof(*packages->all), compare);
}

/* Hand each proper package of a text of paragraphs to `each`, which adds it if it likes. */
void packages_parse(struct packages *packages, const char *text,
		    void (*each)(struct packages *, struct package *, void *), void *argument)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t length = end ? (size_t)(end - text) : strlen(text);
		struct package *package = package_new(text, length);

		if (package)
			each(packages, package, argument);
		text += length;
		while (*text == '\n')
			text++;
	}
}

/* One term: NAME, NAME:ARCHITECTURE, NAME (LIMIT VERSION). */
static void relation_parse(const struct package *package, char *text, struct relation *relation)
{
	char *limit = strchr(text, '('), *end;
	size_t length;

	text += strspn(text, " \t\n");
	length = strcspn(text, " \t\n(:[<");
	relation->name = format("%.*s", (int)length, text);
	if (!limit)
		return;
	limit += 1 + strspn(limit + 1, " \t\n");
	length = strspn(limit, "<=>");
	snprintf(relation->limit, 3, "%.*s", (int)length, limit);
	limit += length + strspn(limit + length, " \t\n");
	end = limit + strcspn(limit, " \t\n)");
	relation->version = format("%.*s", (int)(end - limit), limit);
	if (!strstr("<< <= = >= >>", relation->limit) || !length || length > 2 || end == limit)
		fail("%s %s: cannot read the relation '%s'", package->name, package->version, text);
}

/* The terms of a field such as Depends; none if there is no such field. */
struct relations relations_of(const struct package *package, const char *name)
{
	struct relations relations = {0};
	char *text = field(package->control, name), *at = text;

	while (at && *at) {
		size_t length = strcspn(at, ",|");
		char stop = at[length];
		struct relation *relation;

		at[length] = '\0';
		if (at[strspn(at, " \t\n")]) {
			relations.all = grow(relations.all, relations.count, sizeof(*relation));
			relation = &relations.all[relations.count++];
			*relation = (struct relation){.more = stop == '|'};
			relation_parse(package, at, relation);
		}
		at += length + (stop != '\0');
	}
	free(text);
	if (relations.count)
		relations.all[relations.count - 1].more = false;
	return relations;
}

static bool version_within(const char *version, const struct relation *relation)
{
	int order;

	if (!relation->version)
		return true;
	order = version_compare(version, relation->version);
	if (!strcmp(relation->limit, "<<"))
		return order < 0;
	if (!strcmp(relation->limit, "<="))
		return order <= 0;
	if (!strcmp(relation->limit, "="))
		return order == 0;
	if (!strcmp(relation->limit, ">="))
		return order >= 0;
	return order > 0;
}

/* Whether this package is what the relation names, by its own name or one that it provides. */
bool relation_met_by(const struct relation *relation, const struct package *package)
{
	struct relations provided;

	if (!strcmp(relation->name, package->name))
		return version_within(package->version, relation);
	provided = relations_of(package, "Provides");
	for (size_t i = 0; i < provided.count; i++)
		if (!strcmp(provided.all[i].name, relation->name) &&
		    (!relation->version || (provided.all[i].version &&
					    version_within(provided.all[i].version, relation))))
			return true;
	return false;
}

/* One of the packages that the relation names, or NULL. */
const struct package *relation_met(const struct relation *relation,
				   const struct packages *packages)
{
	for (size_t i = 0; i < packages->count; i++)
		if (relation_met_by(relation, packages->all[i]))
			return packages->all[i];
	return NULL;
}

/* As it is written, with what may stand in for it. */
char *relation_text(const struct relation *relation)
{
	struct buffer text = {0};

	for (;; relation++) {
		buffer_print(&text, "%s", relation->name);
		if (relation->version)
			buffer_print(&text, " (%s %s)", relation->limit, relation->version);
		if (!relation->more)
			return text.data;
		buffer_print(&text, " | ");
	}
}
