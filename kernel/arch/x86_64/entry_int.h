/* Labels of the entry code (trap_entry.S, syscall_entry.S). */
#pragma once

void syscall_entry(void);
void syscall_entry_compat(void);
