/* Input and output priorities (ioprio_set(2)): a class in the upper three bits, a level below. */
#pragma once

#define IOPRIO_CLASS_SHIFT 13
#define IOPRIO_LEVELS      8 /* of the classes that have any; 0 is the most urgent */

enum { IOPRIO_CLASS_NONE, IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE };
enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_WHO_PGRP, IOPRIO_WHO_USER };
