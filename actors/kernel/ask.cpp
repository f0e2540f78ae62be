#include "actors/kernel/ask.hpp"
