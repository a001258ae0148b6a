/* The card's memory (EEPROM or flash), as words that were read: their sum, the station address. */
#include "drv/e1000/e1000_nvm.h"

#define NVM_SUM 0xbaba

bool e1000_nvm_valid(const u16 words[E1000_NVM_WORDS])
{
	u16 sum = 0;

	for (unsigned i = 0; i < E1000_NVM_WORDS; i++)
		sum += words[i];
	return sum == NVM_SUM;
}

bool e1000_nvm_address(const u16 words[E1000_NVM_WORDS], u8 address[6])
{
	u8 any = 0;

	for (unsigned i = 0; i < 6; i++) {
		address[i] = (u8)(words[i / 2] >> (i % 2 * 8));
		any |= address[i];
	}
	return any && !(address[0] & 1);
}
