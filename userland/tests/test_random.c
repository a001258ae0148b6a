/* Random numbers: getrandom(2), random(4), AT_RANDOM, /proc/sys/kernel/random. */
#include "tap.h"
#include <linux/random.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/random.h>

enum { MIB = 1 << 20 };

struct pool_info {
	int entropy_count, buf_size;
	unsigned buf[8];
};

static bool same(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

TEST(call)
{
	unsigned char a[256], b[256], zero[256] = { 0 };
	char *edge = tap_edge(40);

	is(getrandom(a, sizeof(a), 0), sizeof(a), "getrandom");
	is(getrandom(b, sizeof(b), GRND_NONBLOCK), sizeof(b), "GRND_NONBLOCK");
	ok(!same(a, b, sizeof(a)) && !same(a, zero, sizeof(a)), "other numbers");
	is(getrandom(b, sizeof(b), GRND_RANDOM), sizeof(b), "GRND_RANDOM");
	is(getrandom(b, sizeof(b), GRND_INSECURE), sizeof(b), "GRND_INSECURE");
	is(getrandom(b, 0, 0), 0, "none");
	fails(getrandom(b, 1, GRND_RANDOM | GRND_INSECURE), EINVAL, "both kinds");
	fails(getrandom(b, 1, 8), EINVAL, "an unknown flag");
	fails(getrandom(BAD, 16, 0), EFAULT, "to nowhere");
	fails(getrandom(KBAD, 16, 0), EFAULT, "to the kernel");
	memset(edge, 0, 40);
	is(getrandom(edge, 100, 0), 40, "as much as there is room for");
	ok(!same(edge, zero, 40), "and that is written");
}

/* Six deviations and more from the middle are a fault of the generator, not bad luck. */
TEST(balance)
{
	static unsigned char bytes[MIB];
	unsigned long ones = 0, of[256] = { 0 };
	bool fair = true;

	is(getrandom(bytes, sizeof(bytes), 0), sizeof(bytes), "a mebibyte");
	for (int i = 0; i < MIB; i++) {
		ones += (unsigned)__builtin_popcount(bytes[i]);
		of[bytes[i]]++;
	}
	ok(ones > 4 * MIB - 9000 && ones < 4 * MIB + 9000, "half of the bits are set");
	for (int i = 0; i < 256; i++)
		fair = fair && of[i] > 4096 - 400 && of[i] < 4096 + 400;
	ok(fair, "each byte is there as often as the others");
}

static int write_numbers(void *to)
{
	unsigned char a[32];

	must(getrandom(a, sizeof(a), 0));
	return write(*(int *)to, a, sizeof(a)) != sizeof(a);
}

TEST(forks)
{
	unsigned char mine[32], its[2][32];
	int fds[2];

	must(pipe(fds));
	for (int i = 0; i < 2; i++) {
		exits(tap_spawn(write_numbers, &fds[1]), 0, "a child");
		must(read(fds[0], its[i], 32));
	}
	must(getrandom(mine, sizeof(mine), 0));
	ok(!same(its[0], its[1], 32) && !same(mine, its[0], 32), "nobody's are another's");
}

HELPER(at_random)
{
	const void *bytes = (const void *)getauxval(AT_RANDOM);

	return !bytes || write(1, bytes, 16) != 16;
}

TEST(at_random)
{
	unsigned char its[2][16];
	int fds[2];

	must(pipe(fds));
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			dup2(fds[1], 1);
			execl(tap_self, tap_self, "--as", "at_random", NULL);
			_exit(127);
		}
		exits(pid, 0, "a program");
		must(read(fds[0], its[i], 16));
	}
	ok(!same(its[0], its[1], 16), "each program begins with other bytes");
}

static void device(const char *path)
{
	unsigned char a[64], b[64];
	int fd = must(open(path, O_RDWR)), bits = 0;

	diag("%s", path);
	is(read(fd, a, sizeof(a)), sizeof(a), "read");
	is(pread(fd, b, sizeof(b), 1000), sizeof(b), "read somewhere");
	ok(!same(a, b, sizeof(a)), "other numbers");
	is(read(fd, a, 0), 0, "none");
	is(write(fd, a, sizeof(a)), sizeof(a), "written");
	is(lseek(fd, 100, SEEK_SET), 0, "no place is another");
	works(ioctl(fd, RNDGETENTCNT, &bits), "RNDGETENTCNT");
	is(bits, 256, "all there can be");
	fails(ioctl(fd, RNDGETENTCNT, BAD), EFAULT, "to nowhere");
	fails(ioctl(fd, 0x52ff, 0), EINVAL, "an unknown request");
	close(fd);
}

TEST(devices)
{
	device("/dev/random");
	device("/dev/urandom");
}

TEST(entropy)
{
	struct pool_info info = { .entropy_count = 64, .buf_size = sizeof(info.buf) };
	int fd = must(open("/dev/urandom", O_WRONLY)), bits = 0;

	works(ioctl(fd, RNDADDENTROPY, &info), "RNDADDENTROPY");
	info.entropy_count = -1;
	fails(ioctl(fd, RNDADDENTROPY, &info), EINVAL, "less than none");
	info.entropy_count = 0;
	info.buf_size = -1;
	fails(ioctl(fd, RNDADDENTROPY, &info), EFAULT, "of less than no bytes");
	fails(ioctl(fd, RNDADDENTROPY, BAD), EFAULT, "from nowhere");
	works(ioctl(fd, RNDADDTOENTCNT, &bits), "RNDADDTOENTCNT");
	bits = -1;
	fails(ioctl(fd, RNDADDTOENTCNT, &bits), EINVAL, "of less than none");
	fails(ioctl(fd, RNDADDTOENTCNT, BAD), EFAULT, "from nowhere");
	works(ioctl(fd, RNDRESEEDCRNG), "RNDRESEEDCRNG");
	works(ioctl(fd, RNDZAPENTCNT), "RNDZAPENTCNT");
	works(ioctl(fd, RNDCLEARPOOL), "RNDCLEARPOOL");
}

static int as_user(__attribute__((unused)) void *arg)
{
	struct pool_info info = { .entropy_count = 64, .buf_size = sizeof(info.buf) };
	int fd = must(open("/dev/urandom", O_RDWR)), bits = 8;

	fails(ioctl(fd, RNDADDENTROPY, &info), EPERM, "RNDADDENTROPY by a user");
	fails(ioctl(fd, RNDADDTOENTCNT, &bits), EPERM, "RNDADDTOENTCNT by a user");
	fails(ioctl(fd, RNDRESEEDCRNG), EPERM, "RNDRESEEDCRNG by a user");
	fails(ioctl(fd, RNDZAPENTCNT), EPERM, "RNDZAPENTCNT by a user");
	fails(ioctl(fd, RNDCLEARPOOL), EPERM, "RNDCLEARPOOL by a user");
	works(ioctl(fd, RNDGETENTCNT, &bits), "RNDGETENTCNT by a user");
	is(write(fd, &info, sizeof(info)), sizeof(info), "a user may write");
	return 0;
}

TEST(users)
{
	is(tap_as_user(as_user, NULL), 0, "the user's part");
}

TEST(settings)
{
	char first[64];

	snprintf(first, sizeof(first), "%s", tap_read("/proc/sys/kernel/random/boot_id"));
	is(strlen(first), 37, "boot_id");
	is_text(tap_read("/proc/sys/kernel/random/boot_id"), first, "is the same again");
	snprintf(first, sizeof(first), "%s", tap_read("/proc/sys/kernel/random/uuid"));
	is(strlen(first), 37, "uuid");
	ok(first[14] == '4' && strchr("89ab", first[19]), "of version 4");
	ok(strcmp(tap_read("/proc/sys/kernel/random/uuid"), first), "is another each time");
	is_text(tap_read("/proc/sys/kernel/random/entropy_avail"), "256\n", "entropy_avail");
	is_text(tap_read("/proc/sys/kernel/random/poolsize"), "256\n", "poolsize");
}
