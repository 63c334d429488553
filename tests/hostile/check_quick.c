#include "tests/hostile/hostile.h"
TCase *
hostile_quick_cases(void)
{
	return tcase_create("quick");
}
