/* From the file that execve(2) names to the program that runs: scripts and registered formats. */
#pragma once

#include "proc/exec_args.h"
#include "proc/exec_load.h"

struct exec_program {
	struct exec_image image; /* what runs */
	struct file *opened;     /* a format's: what the interpreter gets by AT_EXECFD, or NULL */
	bool opened_cred;        /* its set-ID bits count, not the interpreter's */
	bool preserved;          /* the interpreter gets argv[0] as well */
};

/*
 * Opens what is to run, through interpreters and theirs, into *out, which is zero before; the
 * arguments grow by each. exec_program_close() in any case. 0, or what exec_image_open() says,
 * -ENOEXEC, -ELOOP (too many interpreters), -E2BIG, -ENOMEM; -ENOENT for a script that
 * req->unnamable says no interpreter could open. Thread context.
 */
int exec_program_find(const struct exec_request *req, struct exec_args *args,
		      struct exec_program *out);
/* Does not mind if it is closed, or was never opened. */
void exec_program_close(struct exec_program *program);
