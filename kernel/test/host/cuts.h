/*
 * test/host/cuts.h - what the two files of the power-cut helper share (ci/cuts/ is its user).
 */
#ifndef TEST_HOST_CUTS_H
#define TEST_HOST_CUTS_H

#include "test/host/ext_host.h"

/*
 * Runs a sequence of operations, "verb word...;verb word...", on a mounted image, and marks in the
 * record what each returned.
 */
void cuts_run(struct superblock *sb, char *sequence);
/* Writes everything below the root to `out`: ci/cuts/check.py reads it. 0 or the first error. */
int cuts_dump(struct superblock *sb, FILE *out);

#endif
