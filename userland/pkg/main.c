/* The command line. */
#include "pkg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
	"usage: pkg [-R ROOT] COMMAND [ARGUMENT...]\n"
	"\n"
	"  update                    read the indexes of /etc/pkg/sources\n"
	"  search [WORD...]          what can be had; i marks what is installed\n"
	"  info NAME...              what is known of a package\n"
	"  install NAME|FILE...      install packages, and what they need; NAME=VERSION: that one\n"
	"  upgrade [NAME...]         install what is newer of these, or of all\n"
	"  remove [-r] NAME...       remove packages; -r: and those that need them\n"
	"  list [NAME...]            what is installed\n"
	"  files NAME...             the files of a package\n"
	"  owner PATH...             whose a file is\n"
	"  verify [NAME...]          whether files are as they were installed\n"
	"  recover                   finish or take back what was interrupted\n"
	"\n"
	"  -n, after install, upgrade or remove: only say what would be done\n"
	"  -R ROOT: the system below this directory\n";

struct options {
	bool only_say, with_others;
};

static void lock(void)
{
	int fd;

	make_directories(STATE_DIR);
	make_directories(LIST_DIR);
	make_directories(INFO_DIR);
	fd = open(STATE_DIR "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		fail("/%s/lock: %s", STATE_DIR, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB))
		fail("another pkg is at work");
	/* It stays open until the end. */
}

/* Finish what another pkg began, before anything else. */
static bool begin(void)
{
	bool left;

	lock();
	left = journal_recover();
	if (left)
		printf("finished what was interrupted\n");
	return left;
}

/* The package that an argument of `install` names. */
static struct package *named(const struct packages *available, const char *word)
{
	size_t length = strcspn(word, "=");
	struct package *found = NULL;
	struct deb deb;

	if (strchr(word, '/')) {
		deb_open(&deb, word);
		found = deb_package(&deb);
		found->file = copy(word);
		deb_close(&deb);
		printf("%s: not from a signed index\n", deb.name);
		return found;
	}
	for (size_t i = 0; i < available->count; i++) {
		struct package *package = available->all[i];

		if (strncmp(package->name, word, length) || package->name[length] ||
		    (word[length] && strcmp(package->version, word + length + 1)))
			continue;
		if (!found || version_compare(package->version, found->version) > 0)
			found = package;
	}
	if (!found)
		fail("%s: no such package; pkg update reads the indexes", word);
	return found;
}

static void copy_set(struct packages *to, const struct packages *from)
{
	for (size_t i = 0; i < from->count; i++)
		packages_add(to, from->all[i]);
}

static int install(char *const *words, struct options options)
{
	struct packages available = {0}, installed = {0}, final = {0};

	begin();
	installed_read(&installed);
	sources_read(&available, true);
	copy_set(&final, &installed);
	for (; *words; words++) {
		struct package *package = named(&available, *words);
		struct package *present = packages_find(&final, package->name);

		if (present && !present->placed &&
		    !strcmp(present->version, package->version) && package->source)
			printf("%s %s is installed\n", present->name, present->version);
		else
			solve_place(&final, &available, package);
	}
	solve_settle(&final, &available);
	plan_run(&installed, &final, options.only_say);
	return 0;
}

static int upgrade(char *const *names, struct options options)
{
	struct packages available = {0}, installed = {0}, final = {0}, chosen = {0};

	begin();
	installed_read(&installed);
	sources_read(&available, true);
	copy_set(&final, &installed);
	for (; *names; names++) {
		struct package *package = packages_find(&installed, *names);

		if (!package)
			fail("%s is not installed", *names);
		packages_add(&chosen, package);
	}
	if (!chosen.count)
		copy_set(&chosen, &installed);
	for (size_t n = 0; n < chosen.count; n++) {
		struct package *newest = chosen.all[n];

		for (size_t i = 0; i < available.count; i++)
			if (!strcmp(available.all[i]->name, newest->name) &&
			    version_compare(available.all[i]->version, newest->version) > 0)
				newest = available.all[i];
		if (newest != chosen.all[n])
			solve_place(&final, &available, newest);
	}
	solve_settle(&final, &available);
	plan_run(&installed, &final, options.only_say);
	return 0;
}

static int remove_packages(char *const *names, struct options options)
{
	struct packages installed = {0}, final = {0};

	begin();
	installed_read(&installed);
	copy_set(&final, &installed);
	solve_remove(&final, names, options.with_others);
	plan_run(&installed, &final, options.only_say);
	return 0;
}

static int update(char *const *words)
{
	(void)words;
	begin();
	return sources_update() ? 0 : 1;
}

static int recover(char *const *words)
{
	(void)words;
	if (!begin())
		printf("nothing was interrupted\n");
	return 0;
}

static const struct {
	const char *name;
	int (*look)(char *const *words);			  /* one of these */
	int (*change)(char *const *words, struct options options);
	bool wants_words;
} commands[] = {
	{"update", update, NULL, false},
	{"search", query_search, NULL, false},
	{"info", query_info, NULL, true},
	{"install", NULL, install, true},
	{"upgrade", NULL, upgrade, false},
	{"remove", NULL, remove_packages, true},
	{"list", query_list, NULL, false},
	{"files", query_files, NULL, true},
	{"owner", query_owner, NULL, true},
	{"verify", query_verify, NULL, false},
	{"recover", recover, NULL, false},
};

static _Noreturn void misuse(void)
{
	fputs(usage, stderr);
	exit(2);
}

/* Files are named from where we are, not from the root that pkg works in. */
static void find_files(char **words)
{
	for (; *words; words++)
		if (strchr(*words, '/')) {
			char *path = realpath(*words, NULL);

			if (!path)
				fail("%s: %s", *words, strerror(errno));
			*words = path;
		}
}

static int dispatch(char **words)
{
	struct options options = {0};
	size_t i = 0;
	int flag;

	while (i < sizeof(commands) / sizeof(commands[0]) && strcmp(commands[i].name, *words))
		i++;
	if (i == sizeof(commands) / sizeof(commands[0]))
		misuse();
	for (words++; *words && **words == '-'; words++) {
		flag = (*words)[1] && !(*words)[2] && commands[i].change ? (*words)[1] : 0;
		options.only_say |= flag == 'n';
		options.with_others |= flag == 'r';
		if (flag != 'n' && (flag != 'r' || commands[i].change != remove_packages))
			misuse();
	}
	if (commands[i].wants_words && !*words)
		misuse();
	return commands[i].look ? commands[i].look(words) : commands[i].change(words, options);
}

int main(int argc, char **argv)
{
	const char *root = "/";
	int option;

	while ((option = getopt(argc, argv, "+R:h-:")) != -1)
		if (option == 'R')
			root = optarg;
		else if (option == 'h' || (option == '-' && !strcmp(optarg, "help")))
			return fputs(usage, stdout) < 0;
		else
			misuse();
	if (optind == argc)
		misuse();
	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(022);
	if (!strcmp(argv[optind], "install"))
		find_files(argv + optind + 1);
	if (chdir(root))
		fail("%s: %s", root, strerror(errno));
	return dispatch(argv + optind);
}
