/* Programs that the kernel runs on its own account. */
#pragma once

/* Boot: events of devices may have a helper (dev/uevent.h). */
void helper_init(void);
