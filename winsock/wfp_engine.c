/* Engine handles: FwpmEngineOpen0 and what is asked through them. */
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "winsock/connection.h"
#include "winsock/handle.h"
#include "winsock/thread_identity.h"
#include "winsock/wfp_engine.h"

#include "winsock2.h"

#define HEADS (sizeof(struct aip_api_header) + sizeof(struct aip_api_engine_reply))

struct engine {
	struct handle handle; /* first */
	pid_t pid; /* a forked child has neither its connection nor its lock */
	pthread_mutex_t lock; /* one request at a time */
	struct connection c;
	uint32_t wait_ms; /* how long the daemon may wait for other transactions */
	bool is_dead;	  /* no answer came, or nonsense */
};

static void
engine_destroy(struct handle *h)
{
	struct engine *e = (struct engine *)h;

	connection_close(&e->c);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

static DWORD
error_of_winsock(int error)
{
	switch (error) {
	case 0:
		return ERROR_SUCCESS;
	case WSAEACCES:
		return ERROR_ACCESS_DENIED;
	case WSAENOBUFS:
		return ERROR_NOT_ENOUGH_MEMORY;
	case WSAEMFILE:
		return RPC_S_OUT_OF_RESOURCES;
	default:
		return RPC_S_SERVER_UNAVAILABLE;
	}
}

/* ---- requests ---- */

static void
put_request(struct aip_api_engine *out, const struct aip_api_engine *r)
{
	out->format = htole32(AIP_API_ENGINE_FORMAT);
	out->object = htole32(r->object);
	out->count = htole32(r->count);
	out->by_key = htole32(r->by_key);
	out->id = htole64(r->id);
	memcpy(out->key, r->key, sizeof(out->key));
}

static DWORD
take_answer(struct wfp_engine_answer *a, ssize_t got)
{
	struct aip_api_engine_reply r;

	memcpy(&r, a->whole + sizeof(struct aip_api_header), sizeof(r));
	a->count = le32toh(r.count);
	a->id = le64toh(r.id);
	a->objects = a->whole + HEADS;
	a->n = (size_t)got - sizeof(r);
	return le32toh(r.error);
}

/* Under its lock. whole: AIP_API_MAX_BYTES. */
static DWORD
engine_exchange(struct engine *e, uint16_t verb, const struct aip_api_engine *r,
    const uint8_t *object, size_t object_n, struct wfp_engine_answer *a)
{
	struct aip_api_engine head;
	struct iovec body[2] = { { &head, sizeof(head) },
		{ (void *)(uintptr_t)object, object_n } };
	ssize_t got;

	if (e->is_dead)
		return FWP_E_SESSION_ABORTED;
	put_request(&head, r);
	connection_renew(&e->c, e->wait_ms);
	got = connection_ask_long(&e->c, verb, body, a->whole);
	if (got < (ssize_t)sizeof(struct aip_api_engine_reply)) {
		e->is_dead = true;
		return FWP_E_SESSION_ABORTED;
	}
	return take_answer(a, got);
}

/* A cancelled thread would leave the lock behind. */
static DWORD
engine_ask_locked(struct engine *e, uint16_t verb, const struct aip_api_engine *r,
    const uint8_t *object, size_t object_n, struct wfp_engine_answer *a)
{
	int cancel, saved = errno;
	DWORD error;

	if (e->pid != getpid())
		return FWP_E_SESSION_ABORTED;
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&e->lock);
	error = engine_exchange(e, verb, r, object, object_n, a);
	pthread_mutex_unlock(&e->lock);
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return error;
}

static DWORD
engine_ask(struct engine *e, uint16_t verb, const struct aip_api_engine *r,
    const struct wfp_type *type, const void *value, struct wfp_engine_answer *a)
{
	uint8_t *object = malloc(2 * AIP_API_MAX_BYTES);
	size_t n = 0;
	DWORD error;

	if (object == NULL)
		return ERROR_NOT_ENOUGH_MEMORY;
	memset(a, 0, sizeof(*a));
	a->whole = object + AIP_API_MAX_BYTES;
	if (value != NULL &&
	    (n = wfp_encode(type, value, object, AIP_API_ENGINE_OBJECT_MAX)) == 0)
		error = FWP_E_OUT_OF_BOUNDS;
	else
		error = engine_ask_locked(e, verb, r, object, n, a);
	a->whole = object;
	if (error != 0)
		free(object);
	return error;
}

DWORD
wfp_engine_ask(HANDLE engine, uint16_t verb, const struct aip_api_engine *r,
    const struct wfp_type *type, const void *value, struct wfp_engine_answer *a)
{
	struct engine *e = (struct engine *)handle_get(engine, HANDLE_ENGINE);
	struct wfp_engine_answer unused;
	DWORD error;

	if (e == NULL)
		return ERROR_INVALID_HANDLE;
	error = engine_ask(e, verb, r, type, value, a != NULL ? a : &unused);
	if (error == 0 && a == NULL)
		free(unused.whole);
	handle_put(&e->handle);
	return error;
}

/* ---- objects ---- */

/* The only object of an answer; NULL: it is not one. */
static const uint8_t *
only_object(const struct wfp_engine_answer *a, size_t *n)
{
	uint32_t length;

	if (a->count != 1 || a->n < sizeof(length))
		return NULL;
	memcpy(&length, a->objects, sizeof(length));
	*n = le32toh(length);
	return *n == a->n - sizeof(length) ? a->objects + sizeof(length) : NULL;
}

DWORD
wfp_engine_get(HANDLE engine, uint16_t verb, const struct aip_api_engine *r,
    const struct wfp_type *type, void **out)
{
	struct wfp_engine_answer a;
	const uint8_t *p;
	size_t n = 0;
	DWORD error;

	if (out == NULL)
		return FWP_E_NULL_POINTER;
	*out = NULL;
	error = wfp_engine_ask(engine, verb, r, NULL, NULL, &a);
	if (error != 0)
		return error;
	p = only_object(&a, &n);
	if (p != NULL)
		*out = wfp_decode(type, p, n);
	error = p == NULL || wfp_decoded_size(type, p, n) == 0 ? FWP_E_SESSION_ABORTED :
		*out == NULL ? ERROR_NOT_ENOUGH_MEMORY :
			       ERROR_SUCCESS;
	free(a.whole);
	return error;
}

DWORD
wfp_engine_get_by_id(
    HANDLE engine, UINT32 object, UINT64 id, const struct wfp_type *type, void **out)
{
	struct aip_api_engine r = { .object = object, .id = id };

	return wfp_engine_get(engine, AIP_API_ENGINE_GET, &r, type, out);
}

DWORD
wfp_engine_get_by_key(HANDLE engine, UINT32 object, const GUID *key,
    const struct wfp_type *type, void **out)
{
	struct aip_api_engine r = { .object = object, .by_key = 1 };

	if (key == NULL)
		return FWP_E_NULL_POINTER;
	memcpy(r.key, key, sizeof(r.key));
	return wfp_engine_get(engine, AIP_API_ENGINE_GET, &r, type, out);
}

DWORD
wfp_engine_delete_by_id(HANDLE engine, UINT32 object, UINT64 id)
{
	struct aip_api_engine r = { .object = object, .id = id };

	return wfp_engine_ask(engine, AIP_API_ENGINE_DELETE, &r, NULL, NULL, NULL);
}

DWORD
wfp_engine_delete_by_key(HANDLE engine, UINT32 object, const GUID *key)
{
	struct aip_api_engine r = { .object = object, .by_key = 1 };

	if (key == NULL)
		return FWP_E_NULL_POINTER;
	memcpy(r.key, key, sizeof(r.key));
	return wfp_engine_ask(engine, AIP_API_ENGINE_DELETE, &r, NULL, NULL, NULL);
}

DWORD
wfp_engine_statistics(
    HANDLE engine, UINT32 object, const struct wfp_type *type, void *out)
{
	struct aip_api_engine r = { .object = object };
	void *block;
	DWORD error;

	if (out == NULL)
		return FWP_E_NULL_POINTER;
	error = wfp_engine_get(engine, AIP_API_ENGINE_STATISTICS, &r, type, &block);
	if (error == 0)
		memcpy(out, block, type->size);
	free(block);
	return error;
}

/* ---- open and close ---- */

static DWORD
engine_start(struct engine *e, const FWPM_SESSION0 *session)
{
	struct aip_api_engine r = { 0 };
	struct wfp_engine_answer a;
	FWPM_SESSION0 none = { 0 };
	DWORD error = error_of_winsock(connection_open(&e->c));

	if (error == 0)
		error = engine_ask(e, AIP_API_ENGINE_OPEN, &r, &wfp_session_type,
		    session != NULL ? session : &none, &a);
	if (error == 0)
		free(a.whole);
	return error == FWP_E_SESSION_ABORTED ? RPC_S_SERVER_UNAVAILABLE : error;
}

static DWORD
engine_open(const FWPM_SESSION0 *session, HANDLE *out)
{
	struct engine *e = calloc(1, sizeof(*e));
	DWORD error;

	if (e == NULL)
		return ERROR_NOT_ENOUGH_MEMORY;
	e->pid = getpid();
	pthread_mutex_init(&e->lock, NULL);
	error = engine_start(e, session);
	if (error != 0) {
		connection_close(&e->c);
		pthread_mutex_destroy(&e->lock);
		free(e);
		return error;
	}
	e->wait_ms = session != NULL && session->txnWaitTimeoutInMSec != 0 ?
			 session->txnWaitTimeoutInMSec :
			 15000;
	*out = handle_open(&e->handle, HANDLE_ENGINE, engine_destroy);
	return 0;
}

/*
 * Opens the engine. Windows: FwpmEngineOpen0 (fwpmu.h).
 *
 *	serverName	NULL
 *	authnService	RPC_C_AUTHN_WINNT or RPC_C_AUTHN_DEFAULT
 *	authIdentity	ignored: the kernel tells the daemon who the caller is
 *	session		NULL, or flags, key and time-out of transactions
 *
 * 0 or: FWP_E_NULL_POINTER, ERROR_INVALID_PARAMETER, RPC_S_UNKNOWN_AUTHN_SERVICE,
 * ERROR_ACCESS_DENIED while impersonating, RPC_S_SERVER_UNAVAILABLE without a daemon,
 * FWP_E_ALREADY_EXISTS for a session key in use, FWP_E_INVALID_FLAGS, FWP_E_OUT_OF_BOUNDS
 * for too many sessions of this user.
 */
DWORD WINAPI
FwpmEngineOpen0(const wchar_t *serverName, UINT32 authnService,
    SEC_WINNT_AUTH_IDENTITY_W *authIdentity, const FWPM_SESSION0 *session,
    HANDLE *engineHandle)
{
	int cancel, saved = errno;
	DWORD error;

	(void)authIdentity;
	if (engineHandle == NULL)
		return FWP_E_NULL_POINTER;
	*engineHandle = NULL;
	if (serverName != NULL)
		return ERROR_INVALID_PARAMETER;
	if (authnService != RPC_C_AUTHN_WINNT && authnService != RPC_C_AUTHN_DEFAULT)
		return RPC_S_UNKNOWN_AUTHN_SERVICE;
	if (thread_identity_is_taken())
		return ERROR_ACCESS_DENIED;
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	error = engine_open(session, engineHandle);
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return error;
}

/* Closes it; a transaction that is open is aborted. ERROR_INVALID_HANDLE if it is none. */
DWORD WINAPI
FwpmEngineClose0(HANDLE engineHandle)
{
	return handle_close(engineHandle, HANDLE_ENGINE) ? ERROR_SUCCESS :
							   ERROR_INVALID_HANDLE;
}

/* Frees what a function of the engine returned, and sets the pointer to NULL. */
void WINAPI
FwpmFreeMemory0(void **p)
{
	if (p == NULL)
		return;
	free(*p);
	*p = NULL;
}

static DWORD
ask_simply(HANDLE engine, uint16_t verb, UINT32 flags)
{
	struct aip_api_engine r = { .object = flags };

	return wfp_engine_ask(engine, verb, &r, NULL, NULL, NULL);
}

DWORD WINAPI
FwpmTransactionBegin0(HANDLE engineHandle, UINT32 flags)
{
	return ask_simply(engineHandle, AIP_API_ENGINE_BEGIN, flags);
}

DWORD WINAPI
FwpmTransactionCommit0(HANDLE engineHandle)
{
	return ask_simply(engineHandle, AIP_API_ENGINE_COMMIT, 0);
}

DWORD WINAPI
FwpmTransactionAbort0(HANDLE engineHandle)
{
	return ask_simply(engineHandle, AIP_API_ENGINE_ABORT, 0);
}
