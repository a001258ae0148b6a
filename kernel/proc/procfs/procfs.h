/* The proc file system (proc(5)). */
#pragma once

/* Registers the type "proc". Boot. */
void procfs_init(void);
