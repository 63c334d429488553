#include "tests/hostile/hostile.h"
TCase *
hostile_notify_cases(void)
{
	return tcase_create("notify");
}
