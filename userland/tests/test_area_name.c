/*
 * prctl(2), PR_SET_VMA_ANON_NAME: programs name their anonymous memory, and /proc/[pid]/maps and
 * smaps show it. Linux has it if it was built so; Debian's is not.
 */
#include "tap.h"
#include <sys/mman.h>
#include <sys/prctl.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, LONGEST = 79 };

static long name_range(const void *p, size_t size, const char *name)
{
	return syscall(SYS_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, p, size, name);
}

static bool absent(const char *what)
{
	if (!name_range(NULL, 0, NULL))
		return false;
	skip(what, "the kernel names no memory");
	return true;
}

/* Memory with nothing mapped beside it that it could be joined with. */
static char *island(int pages)
{
	char *p = mmap(NULL, (size_t)(pages + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	must(p == MAP_FAILED ? -1 : 0);
	must(mprotect(p + PAGE, (size_t)pages * PAGE, RW));
	return p + PAGE;
}

/* The name that a file of /proc tells of the area with these borders; NULL: there is no such. */
static const char *told(const char *file, const char *start, const char *end)
{
	static char name[256];
	char head[64];
	const char *line = tap_read(file);

	snprintf(head, sizeof(head), "%08lx-%08lx ", (unsigned long)start, (unsigned long)end);
	for (; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (strncmp(line, head, strlen(head)))
			continue;
		*name = 0;
		sscanf(line, "%*s %*s %*s %*s %*s%*[ ]%255[^\n]", name);
		return name;
	}
	return NULL;
}

static void called(const char *p, int from, int to, const char *want, const char *what)
{
	const char *name = told("/proc/self/maps", p + from * PAGE, p + to * PAGE);

	is_text(name ? name : "(no such area)", want, what);
}

TEST(named)
{
	char *p = island(2), text[LONGEST + 2], want[sizeof(text) + 8];

	if (absent("named"))
		return;
	called(p, 0, 2, "", "memory has no name");
	works(name_range(p, 2 * PAGE, "two pages"), "it gets one");
	called(p, 0, 2, "[anon:two pages]", "which maps shows");
	is_text(told("/proc/self/smaps", p, p + 2 * PAGE), "[anon:two pages]", "and smaps");
	works(name_range(p, PAGE + 1, "Other_{1}(~!\"#%&'*+,-./:;<=>?@^|)"),
	      "another with whatever can be printed, of pages begun");
	called(p, 0, 2, "[anon:Other_{1}(~!\"#%&'*+,-./:;<=>?@^|)]", "is there");
	memset(text, 'x', sizeof(text));
	text[LONGEST] = 0;
	snprintf(want, sizeof(want), "[anon:%s]", text);
	works(name_range(p, 2 * PAGE, text), "the longest name");
	called(p, 0, 2, want, "is told whole");
	works(name_range(p, 2 * PAGE, ""), "an empty one");
	called(p, 0, 2, "[anon:]", "is a name");
	works(name_range(p, 2 * PAGE, NULL), "none");
	called(p, 0, 2, "", "is nothing again");
}

TEST(refused)
{
	static const char *const bad[] = {"a[b", "a]b", "a\\b", "a$b", "a`b", "a\nb", "a\177b",
					  "a\303\244b"};
	char *p = island(4), text[LONGEST + 2];

	fails(syscall(SYS_prctl, PR_SET_VMA, 1, p, PAGE, "name"), EINVAL, "what is not known");
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		fails(name_range(p, PAGE, bad[i]), EINVAL, "a character it may not have");
	if (absent("refused"))
		return;
	memset(text, 'x', sizeof(text));
	text[LONGEST + 1] = 0;
	fails(name_range(p, PAGE, text), EINVAL, "a name that is too long");
	fails(name_range(p, PAGE, BAD), EFAULT, "a bad pointer");
	fails(name_range(p, PAGE, KBAD), EFAULT, "a pointer of the kernel's");
	fails(name_range(p + 1, PAGE, "name"), EINVAL, "a part of a page");
	fails(name_range(p, (size_t)-1, "name"), EINVAL, "a length that wraps");
	fails(name_range(p, (size_t)-2 * PAGE, "name"), EINVAL, "an end that wraps");
	works(name_range(p, 0, "name"), "no page");
	called(p, 0, 4, "", "none of which did anything");
	must(munmap(p + PAGE, PAGE));
	fails(name_range(p, 4 * PAGE, "name"), ENOMEM, "a gap");
	called(p, 0, 1, "[anon:name]", "below which");
	called(p, 2, 4, "[anon:name]", "and above which there is a name");
}

TEST(of_files)
{
	int fd = tap_file("file", "text");
	char *p = island(3);

	if (absent("of_files"))
		return;
	must(mmap(p + PAGE, PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED ? -1 : 0);
	fails(name_range(p, 3 * PAGE, "name"), EBADF, "memory of a file");
	called(p, 0, 1, "[anon:name]", "what lies before it got the name");
	called(p, 2, 3, "", "what lies behind did not");
	must(mmap(p + PAGE, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED
		     ? -1 : 0);
	fails(name_range(p + PAGE, PAGE, "name"), EBADF, "shared memory");
}

TEST(split_and_joined)
{
	char *p = island(6), text[8] = "middle";

	if (absent("split_and_joined"))
		return;
	works(name_range(p + 2 * PAGE, 2 * PAGE, text), "the middle gets a name");
	called(p, 0, 2, "", "what is below");
	called(p, 2, 4, "[anon:middle]", "the middle");
	called(p, 4, 6, "", "what is above");
	strcpy(text, "other");
	called(p, 2, 4, "[anon:middle]", "the name is a copy");
	works(name_range(p, 2 * PAGE, "middle"), "the same name below");
	called(p, 0, 4, "[anon:middle]", "joins them");
	works(mprotect(p + PAGE, PAGE, PROT_READ), "other rights part them");
	called(p, 0, 1, "[anon:middle]", "the first part");
	called(p, 1, 2, "[anon:middle]", "the second");
	called(p, 2, 4, "[anon:middle]", "and the third keep the name");
	works(mprotect(p + PAGE, PAGE, RW), "the same rights");
	called(p, 0, 4, "[anon:middle]", "join them");
	works(munmap(p + PAGE, PAGE), "a hole");
	called(p, 0, 1, "[anon:middle]", "below the hole");
	must(mmap(p + PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED
		     ? -1 : 0);
	called(p, 1, 2, "", "what is mapped into it has no name");
	works(name_range(p, 6 * PAGE, NULL), "no name at all");
	called(p, 0, 6, "", "joins everything");
}

TEST(moved)
{
	char *p = island(2), *q = island(5);

	if (absent("moved"))
		return;
	must(name_range(p, 2 * PAGE, "moved"));
	must(munmap(q, 5 * PAGE));
	must(mremap(p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q) == q ? 0 : -1);
	called(q, 0, 3, "[anon:moved]", "what is moved keeps its name");
	must(mremap(q, 3 * PAGE, 4 * PAGE, 0) == q ? 0 : -1);
	called(q, 0, 4, "[anon:moved]", "what grows, too");
}

static int changes_name(void *p)
{
	char *page = p;

	called(page, 0, 1, "[anon:parent's]", "a child's memory is called the same");
	must(name_range(page, PAGE, "child's"));
	called(page, 0, 1, "[anon:child's]", "until it says otherwise");
	return 0;
}

TEST(forked)
{
	char *p = island(1);

	if (absent("forked"))
		return;
	must(name_range(p, PAGE, "parent's"));
	exits(tap_spawn(changes_name, p), 0, "the child");
	called(p, 0, 1, "[anon:parent's]", "the parent's keeps its name");
}

static char *move_break(char *to)
{
	return (char *)syscall(SYS_brk, to);
}

TEST(heap_and_stack)
{
	char *start = move_break(NULL);
	char *stack = (char *)((uintptr_t)&start & ~(uintptr_t)(PAGE - 1));

	if (absent("heap_and_stack"))
		return;
	if ((uintptr_t)start % PAGE)
		start += PAGE - (uintptr_t)start % PAGE;
	must(move_break(start + 2 * PAGE) == start + 2 * PAGE ? 0 : -1);
	must(name_range(start, 2 * PAGE, "arena"));
	called(start, 0, 2, "[heap]", "the heap is the heap");
	must(move_break(start + 3 * PAGE) == start + 3 * PAGE ? 0 : -1);
	called(start, 2, 3, "[heap]", "its growth has not got the name");
	must(name_range(start + 2 * PAGE, PAGE, "arena"));
	called(start, 0, 3, "[heap]", "and is joined when it has");
	must(name_range(stack, PAGE, "frames"));
	called(stack, 0, 1, "[stack]", "the stack is the stack");
}
