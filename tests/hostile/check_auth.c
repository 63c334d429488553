#include "tests/hostile/hostile.h"
TCase *
hostile_auth_cases(void)
{
	return tcase_create("auth");
}
