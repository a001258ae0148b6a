/* Making of per-CPU areas. */
#pragma once

#include "arch/percpu.h"

/* Bytes of an area, whole pages. */
size_t percpu_size(void);
/* Makes the area of `cpu` from the template, in that memory: its %gs base. */
u64 percpu_create(unsigned cpu, void *area);
/* Points this CPU's %gs at its area; the user's %gs base is 0. */
void percpu_activate(unsigned cpu);
/* This CPU counts as started (cpu_count()): it serves interrupts from others from now on. */
void percpu_online(unsigned cpu);
