#include "tests/hostile/hostile.h"
TCase *
hostile_ipsec_cases(void)
{
	return tcase_create("ipsec");
}
