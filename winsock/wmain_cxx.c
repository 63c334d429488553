/*
 * wmain() of a C++ program, whose name says what its arguments are: Microsoft's compiler gives it
 * the name of C. In a static library, so that it is linked only where wmain() is missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

typedef int wmain_function(int argc, wchar_t **argv, wchar_t **envp);

/* V(name here, name there): () and (int, ...) with all the consts that programs write. */
#define VARIANTS(V)                    \
	V(of_void, "_Z5wmainv")        \
	V(of_text, "_Z5wmainiPPw")     \
	V(of_const, "_Z5wmainiPPKw")   \
	V(of_list, "_Z5wmainiPKPw")    \
	V(of_all, "_Z5wmainiPKPKw")    \
	V(of_three, "_Z5wmainiPPwS0_") \
	V(of_three_const, "_Z5wmainiPPKwS1_")

#define DECLARE(here, there) \
	extern wmain_function here __asm__(there) __attribute__((__weak__));
VARIANTS(DECLARE)

wmain_function wmain;

int
wmain(int argc, wchar_t **argv, wchar_t **envp)
{
#define CALL(here, there) \
	if (here != NULL) \
		return here(argc, argv, envp);
	VARIANTS(CALL)
	(void)fputs("there is neither main() nor wmain()\n", stderr);
	return EXIT_FAILURE;
}
