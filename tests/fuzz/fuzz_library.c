/*
 * Any bytes as what a program gives to the secure socket functions, and as what the daemon
 * answers: only what is allowed is asked of the daemon, and no answer is read past its end.
 * The input: which function, which socket, how much room, the length of the answer (16 bits),
 * the answer, and the argument.
 */
#include <endian.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fwpmu.h"
#include "handleapi.h"
#include "tests/fuzz/fuzz.h"
#include "winsock/connection.h"
#include "winsock/thread_identity.h"
#include "winsock/wire.h"
#include "winsock2.h"
#include "ws2tcpip.h"

#define HEAD_BYTES 5

static struct {
	size_t n; /* bytes of the argument */
	const uint8_t *answer;
	size_t answer_n;
	uint8_t what, socket, room;
	unsigned asked;
} in;

/* ---- the daemon: what the functions ask is checked, what it says is the input's ---- */

int connection_timeout_ms;

int
connection_open(struct connection *c)
{
	memset(c, 0, sizeof(*c));
	c->fd = -1;
	return 0;
}

void
connection_close(struct connection *c)
{
	c->fd = -1;
}

void
connection_renew(struct connection *c, uint32_t extra_ms)
{
	(void)c;
	(void)extra_ms;
}

void
connection_extend(struct connection *c, int timeout_ms)
{
	(void)c;
	(void)timeout_ms;
}

bool
connection_is_late(const struct connection *c)
{
	(void)c;
	return false;
}

static void
check_secure(const struct aip_api_secure_policy *b)
{
	uint32_t flags = le32toh(b->secure.security_flags);

	FUZZ_ASSERT(flags <= 2 && le32toh(b->secure.ipsec_flags) <= 0xf);
}

static void
check_peer(const struct aip_api_peer *p)
{
	uint16_t family = le16toh(p->family);

	FUZZ_ASSERT(family == 0 || family == 4 || family == 6);
}

static void
check_name(const struct aip_api_target *b)
{
	const char *end = memchr(b->name, '\0', sizeof(b->name));

	check_peer(&b->peer);
	FUZZ_ASSERT(end != NULL);
	for (const char *s = b->name; s < end; s++)
		FUZZ_ASSERT((unsigned char)*s >= ' ' && *s != 0x7f);
}

static void
check_request(uint16_t verb, const void *body, size_t n)
{
	switch (verb) {
	case AIP_API_SOCK_SECURE:
		FUZZ_ASSERT(n == sizeof(struct aip_api_secure_policy));
		check_secure(body);
		break;
	case AIP_API_SOCK_TARGET:
		FUZZ_ASSERT(n == sizeof(struct aip_api_target));
		check_name(body);
		break;
	case AIP_API_SOCK_QUERY:
	case AIP_API_SOCK_IDENTITY:
		FUZZ_ASSERT(n == sizeof(struct aip_api_peer));
		check_peer(body);
		break;
	default:
		FUZZ_ASSERT(!"a verb that these functions have");
	}
}

/* As the real one: an answer has its length, and an error of Winsock. */
int
connection_ask(struct connection *c, uint16_t verb, const void *body, size_t body_n, int fd,
    void *reply, size_t reply_n)
{
	size_t n = in.answer_n < reply_n ? in.answer_n : reply_n;
	uint32_t error;

	(void)c;
	FUZZ_ASSERT(fd >= 0);
	in.asked++;
	check_request(verb, body, body_n);
	memset(reply, 0, reply_n);
	memcpy(reply, in.answer, n);
	memcpy(&error, reply, sizeof(error));
	error = le32toh(error);
	return error == 0 || (error >= 10000 && error < 12000) ? (int)error : WSAENETDOWN;
}

int
connection_tell(
    struct connection *c, uint16_t verb, const void *body, size_t body_n, int fd)
{
	(void)c;
	(void)fd;
	check_request(verb, body, body_n);
	return 0;
}

/* Opening works; everything else is answered by the input. */
ssize_t
connection_ask_long(struct connection *c, uint16_t verb, const struct iovec body[2],
    uint8_t *whole)
{
	size_t n = sizeof(struct aip_api_engine_reply);

	(void)c;
	FUZZ_ASSERT(body[0].iov_len == sizeof(struct aip_api_engine));
	memset(whole, 0, sizeof(struct aip_api_header) + n);
	if (verb == AIP_API_ENGINE_OPEN)
		return (ssize_t)n;
	if (++in.asked > 64)
		return -1; /* an enumeration without end */
	memcpy(whole + sizeof(struct aip_api_header), in.answer, in.answer_n);
	return (ssize_t)in.answer_n;
}

/* ---- the thread: nobody else becomes of this one ---- */

int
thread_identity_take(const struct identity *id)
{
	FUZZ_ASSERT(id->n_groups <= IDENTITY_MAX_GROUPS);
	for (size_t i = 0; i < id->n_groups; i++)
		in.asked += id->groups[i] == 1; /* read them */
	return 0;
}

int
thread_identity_revert(void)
{
	return 0;
}

bool
thread_identity_is_taken(void)
{
	return false;
}

/* ---- sockets, made once ---- */

enum { TCP, TCP_CONNECTED, UDP, TCP6, UDP6, SOCKETS };

static int
socket_of(unsigned which)
{
	static int fd[SOCKETS] = { -1 }, listener;
	static const int family[] = { AF_INET, AF_INET, AF_INET, AF_INET6, AF_INET6 };
	static const int type[] = { SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_STREAM,
		SOCK_DGRAM };
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);

	if (fd[0] != -1)
		return fd[which % SOCKETS];
	for (int i = 0; i < SOCKETS; i++)
		FUZZ_ASSERT((fd[i] = socket(family[i], type[i], 0)) >= 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	FUZZ_ASSERT(bind(listener, (struct sockaddr *)&a, sizeof(a)) == 0);
	FUZZ_ASSERT(listen(listener, 1) == 0);
	FUZZ_ASSERT(getsockname(listener, (struct sockaddr *)&a, &n) == 0);
	FUZZ_ASSERT(connect(fd[TCP_CONNECTED], (struct sockaddr *)&a, sizeof(a)) == 0);
	return fd[which % SOCKETS];
}

/* ---- the functions ---- */

static void
check_result(INT rc)
{
	int error = WSAGetLastError();

	FUZZ_ASSERT(rc == 0 || rc == SOCKET_ERROR);
	FUZZ_ASSERT(rc == 0 || (error >= 10000 && error < 12000));
}

static void
fuzz_secure(const void *p)
{
	INT rc = WSASetSocketSecurity(socket_of(in.socket), p, (ULONG)in.n, NULL, NULL);

	check_result(rc);
	FUZZ_ASSERT(rc != 0 || in.asked == 1);
}

static void
close_handle(UINT64 h)
{
	FUZZ_ASSERT(h == 0 || CloseHandle((HANDLE)(uintptr_t)h));
}

/* The room is as large as it says it is. */
static void
fuzz_query(const void *p)
{
	ULONG n = in.room;
	SOCKET_SECURITY_QUERY_INFO *info = malloc(n + 1);
	INT rc;

	FUZZ_ASSERT(info != NULL);
	memset(info, 0, n);
	rc = WSAQuerySocketSecurity(
	    socket_of(in.socket), p, (ULONG)in.n, info, &n, NULL, NULL);
	check_result(rc);
	if (rc == 0) {
		FUZZ_ASSERT((n == sizeof(*info) ||
				n == sizeof(SOCKET_SECURITY_QUERY_INFO_IPSEC2)) &&
			    n <= in.room);
		close_handle(info->PeerApplicationAccessTokenHandle);
		close_handle(info->PeerMachineAccessTokenHandle);
	}
	free(info);
}

static void
fuzz_target(const void *p)
{
	check_result(WSASetSocketPeerTargetName(
	    socket_of(in.socket), p, (ULONG)in.n, NULL, NULL));
}

static void
fuzz_delete(const void *p)
{
	check_result(WSADeleteSocketPeerTargetName(
	    socket_of(in.socket), p, (ULONG)in.n, NULL, NULL));
}

static void
fuzz_impersonate(const void *p)
{
	check_result(WSAImpersonateSocketPeer(socket_of(in.socket), p, (ULONG)in.n));
	check_result(WSARevertImpersonation());
}

static void
fuzz_ioctl(const void *p)
{
	static const DWORD codes[] = { SIO_SET_SECURITY, SIO_QUERY_SECURITY,
		SIO_SET_PEER_TARGET_NAME, SIO_DELETE_PEER_TARGET_NAME, SIO_KEEPALIVE_VALS,
		SIO_GET_EXTENSION_FUNCTION_POINTER, SIO_SOCKET_USAGE_NOTIFICATION };
	DWORD returned = 0, code = codes[in.socket / SOCKETS % 7];
	uint8_t *out = malloc(in.room + 1u);
	SOCKET_SECURITY_QUERY_INFO info;

	FUZZ_ASSERT(out != NULL);
	if (WSAIoctl(socket_of(in.socket), code, (void *)(uintptr_t)p, (DWORD)in.n, out,
		in.room, &returned, NULL, NULL) == 0) {
		FUZZ_ASSERT(returned <= in.room);
		memcpy(&info, out, code == SIO_QUERY_SECURITY ? sizeof(info) : 0);
		if (code == SIO_QUERY_SECURITY) {
			close_handle(info.PeerApplicationAccessTokenHandle);
			close_handle(info.PeerMachineAccessTokenHandle);
		}
	}
	free(out);
}

/* ---- addresses as text, there and back ---- */

static void
fuzz_address(const void *p)
{
	struct sockaddr_storage a, again;
	INT n = sizeof(a), n2 = sizeof(again);
	char text[128], narrow[128];
	DWORD text_n = sizeof(text);
	size_t k = in.n < sizeof(narrow) - 1 ? in.n : sizeof(narrow) - 1;
	INT family = in.socket % 2 == 0 ? AF_INET : AF_INET6;

	if (p != NULL)
		memcpy(narrow, p, k);
	narrow[k] = '\0';
	if (WSAStringToAddressA(narrow, family, NULL, (struct sockaddr *)&a, &n) != 0)
		return;
	FUZZ_ASSERT(WSAAddressToStringA(
			(struct sockaddr *)&a, (DWORD)n, NULL, text, &text_n) == 0);
	FUZZ_ASSERT(text_n == strlen(text) + 1);
	FUZZ_ASSERT(WSAStringToAddressA(
			text, family, NULL, (struct sockaddr *)&again, &n2) == 0);
	FUZZ_ASSERT(n == n2 && memcmp(&a, &again, (size_t)n) == 0);
}

/* ---- the filtering platform: objects of an answer ---- */

static DWORD WINAPI
get_ike_sa1(HANDLE engine, UINT64 id, IKEEXT_SA_DETAILS1 **out)
{
	GUID lookup = { 0 };

	return IkeextSaGetById1(engine, id, &lookup, out);
}

typedef DWORD WINAPI get_function(HANDLE, UINT64, void **);
typedef DWORD WINAPI open_function(HANDLE, const void *, HANDLE *);
typedef DWORD WINAPI enum_function(HANDLE, HANDLE, UINT32, void ***, UINT32 *);
#define GET(f) (get_function *)(void *)(f)
#define ENUM(open, next) { (open_function *)(void *)(open), (enum_function *)(void *)(next) }

static get_function *const gets[] = { GET(FwpmProviderContextGetById0),
	GET(FwpmProviderContextGetById1), GET(FwpmFilterGetById0),
	GET(IPsecSaContextGetById0), GET(IPsecSaContextGetById1), GET(IkeextSaGetById0),
	GET(get_ike_sa1) };
static const struct {
	open_function *open;
	enum_function *next;
} enums[] = { ENUM(FwpmProviderContextCreateEnumHandle0, FwpmProviderContextEnum0),
	ENUM(FwpmProviderContextCreateEnumHandle0, FwpmProviderContextEnum1),
	ENUM(FwpmFilterCreateEnumHandle0, FwpmFilterEnum0),
	ENUM(IPsecSaContextCreateEnumHandle0, IPsecSaContextEnum0),
	ENUM(IPsecSaContextCreateEnumHandle0, IPsecSaContextEnum1),
	ENUM(IPsecSaCreateEnumHandle0, IPsecSaEnum0),
	ENUM(IkeextSaCreateEnumHandle0, IkeextSaEnum0),
	ENUM(IkeextSaCreateEnumHandle0, IkeextSaEnum1) };
#define N_GETS (sizeof(gets) / sizeof(gets[0]))
#define N_ENUMS (sizeof(enums) / sizeof(enums[0]))

static void
fuzz_get(HANDLE engine, unsigned which)
{
	void *out = NULL;
	DWORD error = gets[which](engine, 1, &out);

	FUZZ_ASSERT((error == 0) == (out != NULL));
	FwpmFreeMemory0(&out);
}

static void
fuzz_enum(HANDLE engine, unsigned which)
{
	HANDLE h = NULL;
	void **out = NULL;
	UINT32 n = 1;

	if (enums[which].open(engine, NULL, &h) != 0)
		return;
	if (enums[which].next(engine, h, in.room, &out, &n) == 0)
		FUZZ_ASSERT(n <= in.room && (n == 0) == (out == NULL));
	else
		FUZZ_ASSERT(out == NULL && n == 0);
	for (UINT32 i = 0; i < n && out != NULL; i++)
		FUZZ_ASSERT(out[i] != NULL);
	FwpmFreeMemory0((void **)(void *)&out);
}

static void
fuzz_statistics(HANDLE engine)
{
	IPSEC_STATISTICS1 ipsec;
	IKEEXT_STATISTICS1 ikeext;

	(void)IPsecGetStatistics1(engine, &ipsec);
	(void)IkeextGetStatistics1(engine, &ikeext);
}

static void
fuzz_engine_answer(const void *p)
{
	unsigned which = in.socket % (N_GETS + N_ENUMS + 1);
	HANDLE engine;

	(void)p;
	FUZZ_ASSERT(FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &engine) == 0);
	if (which < N_GETS)
		fuzz_get(engine, which);
	else if (which < N_GETS + N_ENUMS)
		fuzz_enum(engine, which - N_GETS);
	else
		fuzz_statistics(engine);
	FUZZ_ASSERT(FwpmEngineClose0(engine) == 0);
}

static void (*const targets[])(const void *) = { fuzz_secure, fuzz_query, fuzz_target,
	fuzz_delete, fuzz_impersonate, fuzz_ioctl, fuzz_address, fuzz_engine_answer };

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t *exact;

	if (n < HEAD_BYTES)
		return 0;
	memset(&in, 0, sizeof(in));
	in.what = p[0];
	in.socket = p[1];
	in.room = p[2];
	in.answer = p + HEAD_BYTES;
	in.answer_n = (size_t)(p[3] << 8 | p[4]);
	if (in.answer_n > n - HEAD_BYTES)
		in.answer_n = n - HEAD_BYTES;
	in.n = n - HEAD_BYTES - in.answer_n;
	/* Of the very length, for the sanitizer. */
	exact = malloc(in.n + 1);
	FUZZ_ASSERT(exact != NULL);
	memcpy(exact, in.answer + in.answer_n, in.n);
	targets[in.what % (sizeof(targets) / sizeof(targets[0]))](in.n > 0 ? exact : NULL);
	free(exact);
	return 0;
}
