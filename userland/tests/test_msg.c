/* System V message queues; and the tools for all three kinds. */
#include "sysv.h"
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

struct message {
	long type;
	char text[100];
};

static int send(int id, long type, const char *text, int flags)
{
	struct message m = {.type = type};

	strcpy(m.text, text);
	return msgsnd(id, &m, strlen(text), flags);
}

/* The message that comes, or an error's name. */
static const char *receive(int id, long type, int flags)
{
	static struct message m;
	ssize_t n;

	memset(&m, 0, sizeof(m));
	n = msgrcv(id, &m, sizeof(m.text) - 1, type, flags | IPC_NOWAIT);
	if (n < 0)
		return errno == ENOMSG ? "ENOMSG" : errno == EINVAL ? "EINVAL" : "?";
	return m.text;
}

TEST(msg_basics)
{
	key_t key = some_key();
	struct message m = {.type = 1};
	struct msqid_ds ds;
	int id;

	works(id = msgget(key, IPC_CREAT | IPC_EXCL | 0600), "make a queue");
	fails(msgget(key, IPC_CREAT | IPC_EXCL | 0600), EEXIST, "again");
	is(msgget(key, 0), id, "found");
	is_text(receive(id, 0, 0), "ENOMSG", "empty");
	works(send(id, 3, "three", 0), "send");
	works(send(id, 1, "one", 0), "send");
	works(send(id, 2, "two", 0), "send");
	works(send(id, 3, "three again", 0), "send");
	works(msgctl(id, IPC_STAT, &ds), "IPC_STAT");
	ok(ds.msg_qnum == 4 && ds.msg_cbytes == 5 + 3 + 3 + 11 && ds.msg_qbytes == 16384, "counts");
	ok(ds.msg_lspid == getpid() && ds.msg_lrpid == 0 && ds.msg_stime && !ds.msg_rtime, "who");
	is_text(receive(id, 3, 0), "three", "by type");
	is_text(receive(id, -2, 0), "one", "the least type");
	is_text(receive(id, -1, 0), "ENOMSG", "none so small");
	is_text(receive(id, 2, MSG_EXCEPT), "three again", "any but one type");
	is_text(receive(id, 0, 0), "two", "the first");
	is_text(receive(id, 0, 0), "ENOMSG", "empty again");
	must(send(id, 7, "a long message", 0));
	fails(msgrcv(id, &m, 4, 0, 0), E2BIG, "too long");
	is(msgrcv(id, &m, 4, 0, MSG_NOERROR), 4, "cut with MSG_NOERROR");
	ok(m.type == 7 && memcmp(m.text, "a lo", 4) == 0, "what was cut");
	is_text(receive(id, 0, 0), "ENOMSG", "the rest is lost");
	works(send(id, 5, "", 0), "of no bytes");
	is(msgrcv(id, &m, 0, 0, 0), 0, "received");
	is(m.type, 5, "its type");
	fails(send(id, 0, "x", 0), EINVAL, "of type 0");
	fails(send(id, -1, "x", 0), EINVAL, "of negative type");
	fails(syscall(SYS_msgsnd, id, &m, 8193, 0), EINVAL, "larger than msgmax");
	fails(syscall(SYS_msgsnd, id, BAD, 1, 0), EFAULT, "bad buffer");
	fails(syscall(SYS_msgrcv, id, &m, -1L, 0, 0), EINVAL, "negative size");
	works(msgctl(id, IPC_RMID, NULL), "remove");
	fails(msgctl(id, IPC_STAT, &ds), EINVAL, "gone");
	fails(send(id, 1, "x", 0), EINVAL, "no message to it");
}

TEST(msg_copy)
{
	int id = must(msgget(IPC_PRIVATE, 0600));
	struct message m;

	must(send(id, 1, "zero", 0));
	must(send(id, 2, "first", 0));
	is_text(receive(id, 1, MSG_COPY), "first", "a copy by place");
	is_text(receive(id, 0, MSG_COPY), "zero", "another");
	is_text(receive(id, 2, MSG_COPY), "ENOMSG", "no such place");
	fails(msgrcv(id, &m, 10, 0, MSG_COPY), EINVAL, "without IPC_NOWAIT");
	is_text(receive(id, 0, MSG_COPY | MSG_EXCEPT), "EINVAL", "with MSG_EXCEPT");
	is_text(receive(id, 0, 0), "zero", "they are still there");
	must(msgctl(id, IPC_RMID, NULL));
}

static int receiver(void *arg)
{
	struct message m = {0};

	if (msgrcv(*(int *)arg, &m, sizeof(m.text), 5, 0) < 0)
		return errno;
	return strcmp(m.text, "five") ? 255 : 0;
}

static int sender(void *arg)
{
	return send(*(int *)arg, 9, "nine", 0) ? errno : 0;
}

TEST(msg_waiting)
{
	int id = must(msgget(IPC_PRIVATE, 0600)), n = 0;
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct msqid_ds ds;
	pid_t pid;

	pid = tap_spawn(receiver, &id);
	ok(tap_await_state(pid, 'S'), "a receiver sleeps");
	must(send(id, 4, "four", 0));
	must(send(id, 5, "five", 0));
	exits(pid, 0, "until its message comes");
	is_text(receive(id, 0, 0), "four", "the other stays");
	while (send(id, 1, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		    IPC_NOWAIT) == 0)
		n++;
	is(errno, EAGAIN, "a full queue");
	is(n, 16384 / 64, "as many as fit");
	pid = tap_spawn(sender, &id);
	ok(tap_await_state(pid, 'S'), "a sender sleeps");
	receive(id, 0, 0);
	exits(pid, 0, "until there is room");
	is_text(receive(id, 9, 0), "nine", "its message");
	must(msgctl(id, IPC_STAT, &ds));
	ds.msg_qbytes = 100;
	works(msgctl(id, IPC_SET, &ds), "IPC_SET makes it smaller");
	pid = tap_spawn(sender, &id);
	ok(tap_await_state(pid, 'S'), "a sender sleeps");
	ds.msg_qbytes = 20000;
	works(msgctl(id, IPC_SET, &ds), "and larger");
	exits(pid, 0, "which wakes it");
	pid = tap_spawn(receiver, &id);
	ok(tap_await_state(pid, 'S'), "a receiver sleeps");
	must(msgctl(id, IPC_RMID, NULL));
	exits(pid, EIDRM, "removal wakes it");
	id = must(msgget(IPC_PRIVATE, 0600));
	must(sigaction(SIGUSR1, &action, NULL));
	pid = tap_spawn(receiver, &id);
	ok(tap_await_state(pid, 'S'), "a receiver sleeps");
	kill(pid, SIGUSR1);
	exits(pid, EINTR, "a signal ends it, SA_RESTART or not");
	must(msgctl(id, IPC_RMID, NULL));
}

TEST(msg_proc)
{
	int id = must(msgget(IPC_PRIVATE, 0604)), key, got, highest, index;
	unsigned long bytes, n;
	struct msginfo info;
	struct msqid_ds ds;
	unsigned mode;

	must(send(id, 1, "hello", 0));
	ok(begins("/proc/sysvipc/msg",
		  "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  "
		  "cuid  cgid      stime      rtime      ctime\n"), "the header");
	is(sscanf(proc_line("msg", id), "%d %d %o %lu %lu", &key, &got, &mode, &bytes, &n), 5,
	   "the line");
	ok(key == 0 && mode == 0604 && bytes == 5 && n == 1, "says what it is");
	works(highest = msgctl(0, MSG_INFO, (void *)&info), "MSG_INFO");
	ok(info.msgpool >= 1 && info.msgmap >= 1 && info.msgtql >= 5, "counts");
	works(msgctl(0, IPC_INFO, (void *)&info), "IPC_INFO");
	ok(info.msgmax == 8192 && info.msgmnb == 16384 && info.msgmni == 32000, "limits");
	for (index = 0; index <= highest; index++)
		if (msgctl(index, MSG_STAT, &ds) == id)
			break;
	ok(index <= highest && ds.msg_qnum == 1, "MSG_STAT by index");
	is(msgctl(index, MSG_STAT_ANY, &ds), id, "MSG_STAT_ANY");
	must(msgctl(id, IPC_RMID, NULL));
}

static int msg_user(void *arg)
{
	int id = *(int *)arg;
	struct message m;
	struct msqid_ds ds;

	fails(send(id, 1, "x", IPC_NOWAIT), EACCES, "user: send to mode 604");
	fails(msgrcv(id, &m, 10, 0, IPC_NOWAIT), ENOMSG, "user: receive");
	works(msgctl(id, IPC_STAT, &ds), "user: IPC_STAT");
	fails(msgctl(id, IPC_SET, &ds), EPERM, "user: IPC_SET");
	fails(msgctl(id, IPC_RMID, NULL), EPERM, "user: remove");
	id = msgget(IPC_PRIVATE, 0600);
	must(msgctl(id, IPC_STAT, &ds));
	ds.msg_qbytes = 20000;
	fails(msgctl(id, IPC_SET, &ds), EPERM, "user: more bytes than msgmnb");
	return msgctl(id, IPC_RMID, NULL);
}

TEST(msg_permissions)
{
	int id = must(msgget(IPC_PRIVATE, 0604));

	if (!tap_root()) {
		skip("permissions", "not root");
		return;
	}
	is(tap_as_user(msg_user, &id), 0, "the user's part");
	must(msgctl(id, IPC_RMID, NULL));
}

/* Many identifiers: each finds its own, and stale ones nothing. */
TEST(many)
{
	enum { N = 300 };
	int id[N], wrong = 0;

	for (int i = 0; i < N; i++)
		id[i] = must(msgget(0x5cf00000 + i, IPC_CREAT | 0600));
	for (int i = 0; i < N; i++)
		wrong += msgget(0x5cf00000 + i, 0) != id[i];
	is(wrong, 0, "each key finds its queue");
	for (int i = 0; i < N; i += 2)
		must(msgctl(id[i], IPC_RMID, NULL));
	for (int i = 0; i < N; i += 2)
		wrong += msgget(0x5cf00000 + i, 0) != -1;
	is(wrong, 0, "those removed are not found");
	for (int i = 0; i < N; i += 2) {
		int new = must(msgget(0x5cf00000 + i, IPC_CREAT | 0600));

		wrong += send(id[i], 1, "x", 0) == 0;
		id[i] = new;
	}
	is(wrong, 0, "stale identifiers find nothing");
	for (int i = 0; i < N; i++)
		must(msgctl(id[i], IPC_RMID, NULL));
}

TEST(tools)
{
	char command[200];
	int id = must(shmget(0x5cafe001, 12345, IPC_CREAT | 0640));

	must(semget(0x5cafe002, 3, IPC_CREAT | 0600));
	must(msgget(0x5cafe003, IPC_CREAT | 0600));
	is(system("ipcs -m | grep -q '0x5cafe001.* 640 .* 12345 '"), 0, "ipcs -m");
	is(system("ipcs -s | grep -q '0x5cafe002.* 600 .* 3 '"), 0, "ipcs -s");
	is(system("ipcs -q | grep -q '0x5cafe003.* 600 .* 0 .* 0'"), 0, "ipcs -q");
	is(system("ipcs -l | grep -q 'max number of arrays = 32000'"), 0, "ipcs -l");
	is(system("ipcs -u | grep -q 'segments allocated'"), 0, "ipcs -u");
	snprintf(command, sizeof(command), "ipcs -m -i %d | grep -q 'bytes=12345'", id);
	is(system(command), 0, "ipcs -i");
	snprintf(command, sizeof(command), "ipcrm -m %d", id);
	is(system(command), 0, "ipcrm by identifier");
	is(system("ipcrm -S 0x5cafe002 -Q 0x5cafe003"), 0, "ipcrm by key");
	fails(shmget(0x5cafe001, 0, 0), ENOENT, "no segment");
	fails(semget(0x5cafe002, 0, 0), ENOENT, "no set");
	fails(msgget(0x5cafe003, 0), ENOENT, "no queue");
}
