/* Bringing up the other processors. */
#pragma once

/*
 * Starts all processors that there are and that the command line allows; they idle. A processor
 * that does not come up, or has no memory, is reported and left out. Boot thread, before anything
 * that sets itself up for each CPU that there is.
 */
void smp_start(void);
