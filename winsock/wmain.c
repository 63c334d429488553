/*
 * main() of a program that has wmain(): in a static library, so that it is linked only where
 * main() is missing.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winsock/utf.h"

/* Programs declare it with two arguments or three, const or not: the call fits them all. */
int wmain(int argc, wchar_t **argv, wchar_t **envp);
int main(int argc, char **argv, char **envp);

/* volatile: they are not leaks. */
static wchar_t **volatile wide_argv, **volatile wide_envp;

/* A list that lives as long as the program. */
static wchar_t **
widen(char **list)
{
	size_t n = 0;
	wchar_t **wide;

	while (list[n] != NULL)
		n++;
	if ((wide = calloc(n + 1, sizeof(*wide))) == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if ((wide[i] = utf8_to_wide(list[i], strlen(list[i]))) == NULL)
			return NULL;
	return wide;
}

int
main(int argc, char **argv, char **envp)
{
	(void)setlocale(LC_ALL, "");
	wide_argv = widen(argv);
	wide_envp = widen(envp);
	if (wide_argv == NULL || wide_envp == NULL) {
		(void)fputs("wmain: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	return wmain(argc, wide_argv, wide_envp);
}
