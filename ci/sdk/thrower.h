#pragma once
#include <stdexcept>

struct Refused : std::runtime_error {
	explicit Refused(int number);
	int number;
};

void refuse(int number);
