/* What each way of linking must get right in C: thread-local data, threads, constructors, and the
 * unwinder, which runs the cleanups of frames that it leaves. Built by ci/system/test_sdk.py. */
#include <linux/version.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <unwind.h>

static _Thread_local int local = 3;
static int constructed, cleaned;
static jmp_buf outside;

__attribute__((constructor)) static void construct(void)
{
	constructed = 1;
}

static void clean(int *depth)
{
	cleaned += *depth;
}

static _Unwind_Reason_Code stop(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
				struct _Unwind_Exception *exception,
				struct _Unwind_Context *context, void *unused)
{
	(void)version, (void)class, (void)exception, (void)context, (void)unused;
	if (cleaned == 6 || actions & _UA_END_OF_STACK)
		longjmp(outside, 1);
	return _URC_NO_REASON;
}

__attribute__((noinline)) static void descend(int depth)
{
	__attribute__((cleanup(clean))) int here = depth;
	static struct _Unwind_Exception exception;

	if (depth == 3)
		_Unwind_ForcedUnwind(&exception, stop, NULL);
	else
		descend(here + 1);
}

static void *run(void *argument)
{
	local += *(int *)argument;
	if (!setjmp(outside))
		descend(1);
	return &local == argument ? NULL : (void *)(long)local;
}

int main(void)
{
	int four = 4;
	void *seven;
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, &four) || pthread_join(thread, &seven))
		return 1;
	printf("plain %d %d %d %d %d\n", constructed, local, (int)(long)seven, cleaned,
	       LINUX_VERSION_CODE > 0);
	return 0;
}
