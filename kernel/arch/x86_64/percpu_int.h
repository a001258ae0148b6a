/* Making of per-CPU areas. */
#pragma once

#include "arch/percpu.h"

/* Makes the area of `cpu` from the template: its %gs base. Boot CPU, before mm. */
u64 percpu_create(unsigned cpu);
/* Points this CPU's %gs at its area and counts it as started. */
void percpu_activate(unsigned cpu);
