#include "tests/hostile/hostile.h"
TCase *
hostile_authip_cases(void)
{
	return tcase_create("authip");
}
