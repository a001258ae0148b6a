/* ptrace(2). */
#include "abi/ptrace.h"
#include "proc/ptrace.h"
#include "sys/sys_int.h"

long sys_ptrace(s64 request, int pid, u64 addr, u64 data)
{
	switch (request) {
	case PTRACE_TRACEME:
		return ptrace_traceme();
	case PTRACE_ATTACH:
	case PTRACE_SEIZE:
		return ptrace_attach(pid, request == PTRACE_SEIZE, addr, data);
	default:
		return ptrace_request((long)request, pid, addr, data);
	}
}
