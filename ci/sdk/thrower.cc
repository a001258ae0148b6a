// A shared library that throws: what it throws is caught by who is linked with it.
#include "thrower.h"

#include <string>

Refused::Refused(int number)
	: std::runtime_error("refused " + std::to_string(number)), number(number)
{
}

void refuse(int number)
{
	throw Refused(number);
}
