/* What the power button does. */
#pragma once

/* Listens to the button (dev/power.h). Boot, once processes can be found. */
void power_button_init(void);
