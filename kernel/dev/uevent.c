/*
 * Events of devices: messages made of what the tree of devices tells (dev/devtree.h), numbered and
 * handed to the network's room and to the helper's.
 *
 * Lock: `sending` (RANK_UEVENT) for the number, the message being made and the helper's path: so
 * whoever listens gets messages in order of their numbers.
 */
#include "dev/uevent.h"

#include "abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/uuid.h"
#include "sched/mutex.h"

#define NUMBER_ROOM 32 /* of "SEQNUM=…" */
#define SYNTH_ROOM 512

static const char *const action_names[] = {
	[UEVENT_ADD] = "add", [UEVENT_REMOVE] = "remove", [UEVENT_CHANGE] = "change",
	[UEVENT_MOVE] = "move", [UEVENT_ONLINE] = "online", [UEVENT_OFFLINE] = "offline",
	[UEVENT_BIND] = "bind", [UEVENT_UNBIND] = "unbind",
};

static struct mutex sending = MUTEX_INIT(sending, RANK_UEVENT, "uevent");
static u64 sequence;                    /* s, a to read */
static char message[UEVENT_MAX];        /* s */
static char helper[UEVENT_HELPER];      /* s */
static void (*to_net)(const char *message, u32 n);                    /* s */
static void (*run_helper)(const char *path, const char *subsystem,
			  const char *environment, u32 n);            /* s */

/* Adds a part and its NUL: the new length, or one that is too long. */
static __printf(2, 3) u32 part_add(u32 at, const char *fmt, ...)
{
	size_t room = sizeof(message) - NUMBER_ROOM;
	va_list ap;
	int n;

	if (at >= room)
		return at;
	va_start(ap, fmt);
	n = vsnprintf(message + at, room - at, fmt, ap);
	va_end(ap);
	return at + (u32)n + 1;
}

/* Adds lines as parts. */
static u32 lines_add(u32 at, const char *lines)
{
	while (*lines) {
		size_t n = strcspn(lines, "\n");

		at = part_add(at, "%.*s", (int)n, lines);
		lines += n + (lines[n] == '\n');
	}
	return at;
}

/* Numbers what is in `message` and sends it; nothing that did not fit. */
static void send_locked(u32 n)
{
	if (n > sizeof(message) - NUMBER_ROOM)
		return;
	__atomic_store_n(&sequence, sequence + 1, __ATOMIC_RELAXED);
	n += (u32)snprintf(message + n, NUMBER_ROOM, "SEQNUM=%llu",
			   (unsigned long long)sequence) + 1;
	if (to_net)
		to_net(message, n);
}

void uevent_send(enum uevent_action action, const struct devtree_entry *entry, const char *more)
{
	u32 n, head;

	mutex_lock(&sending);
	head = n = part_add(0, "%s@%s", action_names[action], entry->path);
	n = part_add(n, "ACTION=%s", action_names[action]);
	n = part_add(n, "DEVPATH=%s", entry->path);
	n = part_add(n, "SUBSYSTEM=%s", entry->subsystem);
	n = lines_add(n, more ? more : "");
	n = lines_add(n, entry->properties);
	send_locked(n);
	if (*helper && run_helper && n <= sizeof(message) - NUMBER_ROOM)
		run_helper(helper, entry->subsystem, message + head,
			   n + (u32)strlen(message + n) + 1 - head);
	mutex_unlock(&sending);
}

void uevent_send_blkdev(enum uevent_action action, const struct blkdev *d, const char *more)
{
	struct devtree_entry entry;

	devtree_blkdev(d, &entry);
	uevent_send(action, &entry, more);
}

int uevent_forward(const void *text, u32 n)
{
	if (n > sizeof(message) - NUMBER_ROOM)
		return -EINVAL;
	mutex_lock(&sending);
	memcpy(message, text, n);
	send_locked(n);
	mutex_unlock(&sending);
	return 0;
}

static size_t word_length(const char *text)
{
	size_t n = 0;

	while ((text[n] >= '0' && text[n] <= '9') ||
	       ((text[n] | 32) >= 'a' && (text[n] | 32) <= 'z'))
		n++;
	return n;
}

/* " UUID KEY=value …" as lines: 0 or -EINVAL. */
static int synth_lines(const char *text, char *lines, size_t size)
{
	struct uuid uuid;
	size_t n;

	if (*text == ' ')
		text++;
	if (!*text) {
		strlcpy(lines, "SYNTH_UUID=0\n", size);
		return 0;
	}
	if (strlen(text) < UUID_TEXT_SIZE - 1 || uuid_parse(text, &uuid))
		return -EINVAL;
	n = scnprintf(lines, size, "SYNTH_UUID=%.*s\n", UUID_TEXT_SIZE - 1, text);
	for (text += UUID_TEXT_SIZE - 1; *text;) {
		size_t key, value;

		if (*text++ != ' ')
			return -EINVAL;
		key = word_length(text);
		if (!key || text[key] != '=')
			return -EINVAL;
		value = word_length(text + key + 1);
		if (!value || key + value + 16 > size - n)
			return -EINVAL;
		n += scnprintf(lines + n, size - n, "SYNTH_ARG_%.*s\n", (int)(key + 1 + value),
			       text);
		text += key + 1 + value;
	}
	return 0;
}

int uevent_synthesize(const char *text, const struct devtree_entry *entry)
{
	char lines[SYNTH_ROOM], copy[SYNTH_ROOM];
	size_t n;

	if (strlcpy(copy, text, sizeof(copy)) >= sizeof(copy))
		return -EINVAL;
	n = strlen(copy);
	if (n && copy[n - 1] == '\n')
		copy[--n] = 0;
	n = strcspn(copy, " ");
	for (unsigned i = 0; i < ARRAY_SIZE(action_names); i++) {
		if (strlen(action_names[i]) != n || memcmp(action_names[i], copy, n))
			continue;
		if (synth_lines(copy + n, lines, sizeof(lines)))
			return -EINVAL;
		uevent_send((enum uevent_action)i, entry, lines);
		return 0;
	}
	return -EINVAL;
}

u64 uevent_sequence(void)
{
	return __atomic_load_n(&sequence, __ATOMIC_RELAXED);
}

void uevent_helper_get(char path[UEVENT_HELPER])
{
	mutex_lock(&sending);
	strlcpy(path, helper, UEVENT_HELPER);
	mutex_unlock(&sending);
}

int uevent_helper_set(const char *path)
{
	if (strlen(path) >= UEVENT_HELPER)
		return -ENOENT;
	mutex_lock(&sending);
	strlcpy(helper, path, sizeof(helper));
	mutex_unlock(&sending);
	return 0;
}

void uevent_set_net(void (*fn)(const char *message, u32 n))
{
	mutex_lock(&sending);
	to_net = fn;
	mutex_unlock(&sending);
}

void uevent_set_runner(void (*fn)(const char *path, const char *subsystem,
				  const char *environment, u32 n))
{
	mutex_lock(&sending);
	run_helper = fn;
	mutex_unlock(&sending);
}
