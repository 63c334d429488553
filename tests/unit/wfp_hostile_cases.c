/* The library against a daemon that answers nonsense: an error, and a dead engine. */
#include <endian.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/wfp_rig.h"
#include "winsock/connection.h"
#include "winsock/wfp_types.h"

/* KIND(id): what is wrong with the answer to the first request of the session */
#define NONSENSE(KIND)                                        \
	KIND(NO_ANSWER)                                       \
	KIND(CLOSED)                                          \
	KIND(TOO_SHORT)	   /* less than an answer */          \
	KIND(OTHER_LENGTH) /* the header tells another one */ \
	KIND(OTHER_ID)                                        \
	KIND(OTHER_VERB)                                      \
	KIND(NO_REPLY_FLAG)                                   \
	KIND(NO_OBJECT) /* it says that there is one */       \
	KIND(TWO_OBJECTS)                                     \
	KIND(CUT_OBJECT) /* its length says more */           \
	KIND(GARBAGE)	 /* an object of 0xff */              \
	KIND(MORE_BYTES) /* behind the object */

enum nonsense {
#define KIND(id) id,
	NONSENSE(KIND)
#undef KIND
	    NONSENSE_COUNT
};

static char dir[] = "/tmp/check_wfp.XXXXXX", path[64];
static int listener;
static pthread_t thread;
static enum nonsense fault;

struct answer {
	struct aip_api_header header;
	uint8_t body[512];
};

static void
spoil(struct answer *a, size_t *body_n)
{
	uint32_t count = htole32(1), length;

	memset(a->body, 0, sizeof(a->body));
	memcpy(a->body + 4, &count, sizeof(count));
	*body_n = 16;
	switch (fault) {
	case TOO_SHORT:
		*body_n = 15;
		break;
	case TWO_OBJECTS:
		a->body[4] = 2;
		*body_n = 16 + 8;
		break;
	case CUT_OBJECT:
		length = htole32(0xfffffff0);
		memcpy(a->body + 16, &length, sizeof(length));
		*body_n = 16 + 4 + 100;
		break;
	case GARBAGE:
		a->body[16] = 100;
		memset(a->body + 20, 0xff, 100);
		*body_n = 16 + 4 + 100;
		break;
	case MORE_BYTES:
		a->body[16] = 4;
		*body_n = 16 + 4 + 5;
		break;
	default:
		break;
	}
}

/* False: the connection is to be closed. */
static bool
answer(int s, struct answer *a, bool is_spoilt)
{
	size_t body_n = 16, n;

	memset(a->body, 0, sizeof(a->body));
	if (is_spoilt)
		spoil(a, &body_n);
	n = sizeof(a->header) + body_n;
	a->header.flags =
	    htole16(is_spoilt && fault == NO_REPLY_FLAG ? 0 : AIP_API_REPLY);
	a->header.length = htole32((uint32_t)n + (is_spoilt && fault == OTHER_LENGTH));
	if (is_spoilt && fault == OTHER_ID)
		a->header.request_id ^= htole32(1);
	if (is_spoilt && fault == OTHER_VERB)
		a->header.verb ^= htole16(1);
	if (is_spoilt && fault == NO_ANSWER)
		return true;
	if (is_spoilt && fault == CLOSED)
		return false;
	return send(s, a, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static void *
serve(void *arg)
{
	struct answer a;
	int s;

	(void)arg;
	while ((s = accept(listener, NULL, NULL)) != -1) {
		for (int i = 0; recv(s, &a, sizeof(a), 0) > 0; i++)
			if (!answer(s, &a, i >= 2))
				break;
		close(s);
	}
	return NULL;
}

static void
setup(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/" AIP_API_SOCKET, dir);
	ck_assert_int_eq(setenv("AUTHIPD_RUN_DIR", dir, 1), 0);
	strcpy(a.sun_path, path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, NULL), 0);
}

static void
teardown(void)
{
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
	unlink(path);
	rmdir(dir);
}

/* An engine that waits for nobody. */
static HANDLE
open_impatient(void)
{
	FWPM_SESSION0 s = { .txnWaitTimeoutInMSec = 1 };
	HANDLE h = NULL;

	connection_timeout_ms = 20000;
	ck_assert_uint_eq(FwpmEngineOpen0(NULL, RPC_C_AUTHN_DEFAULT, NULL, &s, &h), 0);
	connection_timeout_ms = 200;
	return h;
}

static bool
kills_the_session(enum nonsense what)
{
	return what < NO_OBJECT;
}

START_TEST(get_of_nonsense)
{
	FWPM_PROVIDER_CONTEXT0 *c = (void *)&c;
	HANDLE h;

	fault = (enum nonsense)_i;
	h = open_impatient();
	ck_assert_uint_eq(FwpmProviderContextGetById0(h, 1, &c), FWP_E_SESSION_ABORTED);
	ck_assert_ptr_null(c);
	if (kills_the_session(fault))
		ck_assert_uint_eq(FwpmTransactionBegin0(h, 0), FWP_E_SESSION_ABORTED);
	ck_assert_uint_eq(FwpmEngineClose0(h), 0);
}
END_TEST

/* Statistics go straight into the caller's structure: it is left as it was. */
START_TEST(statistics_of_nonsense)
{
	IPSEC_STATISTICS0 s;
	HANDLE h;

	fault = (enum nonsense)_i;
	h = open_impatient();
	memset(&s, 0x5a, sizeof(s));
	ck_assert_uint_eq(IPsecGetStatistics0(h, &s), FWP_E_SESSION_ABORTED);
	for (size_t i = 0; i < sizeof(s); i++)
		ck_assert_uint_eq(((const uint8_t *)&s)[i], 0x5a);
	ck_assert_uint_eq(FwpmEngineClose0(h), 0);
}
END_TEST

/* The same answers as pages of an enumeration; a handle is a number and some bits. */
START_TEST(enumeration_of_nonsense)
{
	FWPM_PROVIDER_CONTEXT0 **list = (void *)&list;
	UINT32 n = 77;
	HANDLE h;

	fault = (enum nonsense)_i;
	h = open_impatient();
	ck_assert_uint_eq(
	    FwpmProviderContextEnum0(h, (HANDLE)(uintptr_t)(1 << 3 | 1), 1, &list, &n),
	    FWP_E_SESSION_ABORTED);
	ck_assert_ptr_null(list);
	ck_assert_uint_eq(n, 0);
	ck_assert_uint_eq(FwpmEngineClose0(h), 0);
}
END_TEST

void
wfp_hostile_tests(Suite *s)
{
	TCase *t = tcase_create("nonsense");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, get_of_nonsense, 0, NONSENSE_COUNT);
	tcase_add_loop_test(t, statistics_of_nonsense, 0, NONSENSE_COUNT);
	tcase_add_loop_test(t, enumeration_of_nonsense, 0, NONSENSE_COUNT);
	suite_add_tcase(s, t);
}
