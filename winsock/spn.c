/* DsMakeSpn: class/name, class/name:port, class/instance:port/name. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winsock/text.h"
#include "winsock/utf.h"
#include "ntdsapi.h"

static void
add(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

static bool
is_address(const char *s)
{
	unsigned char address[16];

	return inet_pton(AF_INET, s, address) == 1 ||
	       inet_pton(AF_INET6, s, address) == 1;
}

static bool
is_part(const char *s)
{
	return s != NULL && s[0] != '\0' && strchr(s, '/') == NULL;
}

/* 0 or ERROR_INVALID_PARAMETER. A numeric service name is no name: the referrer is one. */
static DWORD
make(struct text *out, const char *class_name, const char *service,
    const char *instance, USHORT port, const char *referrer)
{
	char number[8];

	if (!is_part(class_name) || service == NULL || service[0] == '\0' ||
	    (instance != NULL && !is_part(instance)))
		return ERROR_INVALID_PARAMETER;
	if (referrer != NULL && is_address(service))
		service = referrer;
	(void)snprintf(number, sizeof(number), ":%u", port);
	add(out, class_name);
	add(out, "/");
	add(out, instance != NULL ? instance : service);
	if (port != 0)
		add(out, number);
	if (instance != NULL) {
		add(out, "/");
		add(out, service);
	}
	return out->is_broken ? ERROR_NOT_ENOUGH_MEMORY : ERROR_SUCCESS;
}

/* needed and *size: characters with the terminator. */
static DWORD
check_room(const void *buffer, DWORD *size, size_t needed)
{
	DWORD room = *size;

	*size = (DWORD)needed;
	return buffer == NULL || room < needed ? ERROR_BUFFER_OVERFLOW : ERROR_SUCCESS;
}

DWORD WINAPI
DsMakeSpnA(LPCSTR ServiceClass, LPCSTR ServiceName, LPCSTR InstanceName,
    USHORT InstancePort, LPCSTR Referrer, DWORD *pcSpnLength, LPSTR pszSpn)
{
	struct text t = { 0 };
	DWORD error = ERROR_INVALID_PARAMETER;

	if (pcSpnLength != NULL)
		error = make(&t, ServiceClass, ServiceName, InstanceName, InstancePort,
		    Referrer);
	if (error == ERROR_SUCCESS)
		error = check_room(pszSpn, pcSpnLength, t.n + 1);
	if (error == ERROR_SUCCESS)
		memcpy(pszSpn, t.s, t.n + 1);
	text_free(&t);
	return error;
}

static char *
narrow(const wchar_t *s, bool *ok)
{
	char *out = s == NULL ? NULL : utf8_from_wide(s, wcslen(s));

	*ok = *ok && (s == NULL || out != NULL);
	return out;
}

/* A text in UTF-8 into the buffer of the caller. */
static DWORD
put_wide(const struct text *t, DWORD *size, wchar_t *buffer)
{
	wchar_t *wide = utf8_to_wide(t->s, t->n);
	DWORD error;

	if (wide == NULL)
		return ERROR_NOT_ENOUGH_MEMORY;
	error = check_room(buffer, size, wcslen(wide) + 1);
	if (error == ERROR_SUCCESS)
		wmemcpy(buffer, wide, *size);
	free(wide);
	return error;
}

/*
 * Windows: DsMakeSpnW (ntdsapi.h). 0; ERROR_BUFFER_OVERFLOW with the characters needed in
 * pcSpnLength; ERROR_INVALID_PARAMETER for a missing class, name or length, or a '/' in a part.
 */
DWORD WINAPI
DsMakeSpnW(LPCWSTR ServiceClass, LPCWSTR ServiceName, LPCWSTR InstanceName,
    USHORT InstancePort, LPCWSTR Referrer, DWORD *pcSpnLength, LPWSTR pszSpn)
{
	bool ok = true;
	char *class_name = narrow(ServiceClass, &ok),
	     *service = narrow(ServiceName, &ok), *instance = narrow(InstanceName, &ok),
	     *referrer = narrow(Referrer, &ok);
	struct text t = { 0 };
	DWORD error = ok ? ERROR_INVALID_PARAMETER : ERROR_NOT_ENOUGH_MEMORY;

	if (ok && pcSpnLength != NULL)
		error = make(&t, class_name, service, instance, InstancePort, referrer);
	if (error == ERROR_SUCCESS)
		error = put_wide(&t, pcSpnLength, pszSpn);
	text_free(&t);
	free(class_name);
	free(service);
	free(instance);
	free(referrer);
	return error;
}
