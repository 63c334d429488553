#include "tests/hostile/hostile.h"
TCase *
hostile_state_cases(void)
{
	return tcase_create("state");
}
