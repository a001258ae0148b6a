/* What the card's memory says: pure, also built on the host. */
#pragma once

#include "lib/types.h"

#define E1000_NVM_WORDS 64

/* Whether its words sum up as they must (8254x, 5.6.35). */
bool e1000_nvm_valid(const u16 words[E1000_NVM_WORDS]);
/* The station address in it: false if that is a group's or zero. */
bool e1000_nvm_address(const u16 words[E1000_NVM_WORDS], u8 address[6]);
