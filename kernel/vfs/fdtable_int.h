/* Start of the descriptor tables. */
#pragma once

#include "vfs/file.h"

void fd_table_init(void);
