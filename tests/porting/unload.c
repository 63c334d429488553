/* dlclose() of the library, before a thread ends that has something of it: unload LIBRARY. */
#define AUTHIP_NATIVE_SOCKETS
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "ws2tcpip.h"

static void CALLBACK
routine(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped, DWORD flags)
{
	(void)error;
	(void)bytes;
	(void)overlapped;
	(void)flags;
}

static void *
use_and_unload(void *path)
{
	void *library = dlopen(path, RTLD_NOW);
	__typeof__(WSASetSocketSecurity) *set;
	WSAOVERLAPPED o = { 0 };

	if (library == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		return NULL;
	}
	*(void **)&set = dlsym(library, "WSASetSocketSecurity");
	(void)set(-1, NULL, 0, &o, routine);
	(void)dlclose(library);
	return path;
}

int
main(int argc, char **argv)
{
	void *result = NULL;
	pthread_t t;

	if (argc != 2 || pthread_create(&t, NULL, use_and_unload, argv[1]) != 0)
		return 2;
	(void)pthread_join(t, &result);
	if (result == NULL || fork() == -1)
		return 1;
	return 0;
}
