/* The registration API: requests, answers, and clients that break the rules. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/class_table.h"
#include "daemon/socket_table.h"
#include "tests/unit/api_client.h"

#define WSAEINVAL 10022
#define WSAENOTSOCK 10038
#define WSAENETDOWN 10050
#define WSAEISCONN 10056

START_TEST(hello)
{
	struct aip_api_hello body = { 1, 0 };
	struct aip_api_hello_reply r;
	int c = api_dial();

	rig.config.limits.sockets_per_user = 77;
	api_send(c, AIP_API_HELLO, 5, &body, sizeof(body), -1, 0);
	ck_assert_uint_eq(api_answer(c, AIP_API_HELLO, 5, sizeof(r), (uint8_t *)&r), 0);
	ck_assert_uint_eq(r.daemon_version, 1);
	ck_assert_uint_eq(r.backend, 1);
	ck_assert_uint_eq(r.sockets_limit, 77);
	close(c);
}
END_TEST

START_TEST(secure)
{
	static const uint32_t class_of[] = { CLASS_DEFAULT, CLASS_ENCRYPT,
		CLASS_INSECURE };
	struct aip_api_secure_reply r;
	struct stat theirs, ours;
	int c = api_hello(), sock = socket(AF_INET, SOCK_STREAM, 0);

	api_secure(c, (uint32_t)_i, sock);
	ck_assert(api_is_silent(c)); /* until keeper has answered */
	ck_assert(keeper_asked());
	ck_assert_uint_eq(api.ask.class_id, class_of[_i]);
	ck_assert_uint_eq(api.ask.uid, getuid());
	ck_assert_int_eq(fstat(sock, &ours) | fstat(api.asked_fd, &theirs), 0);
	ck_assert_uint_eq(theirs.st_ino, ours.st_ino);
	keeper_says(0, 4711);
	ck_assert_uint_eq(
	    api_answer(c, AIP_API_SOCK_SECURE, 2, sizeof(r), (uint8_t *)&r), 0);
	ck_assert_uint_eq(r.class_id, class_of[_i]);
	ck_assert_uint_ne(r.registration_id, 0);
	ck_assert_uint_eq(socket_table_count_uid(rig.n.sockets, getuid()), 1);
	ck_assert_uint_eq(socket_table_count_class(rig.n.sockets, class_of[_i]), 1);
	/* the connection stays usable; closing it ends nothing */
	api_secure(c, 0, sock);
	ck_assert(keeper_asked());
	keeper_says(WSAEISCONN, 0);
	ck_assert_uint_eq(
	    api_answer(c, AIP_API_SOCK_SECURE, 2, sizeof(r), (uint8_t *)&r),
	    WSAEISCONN);
	ck_assert_uint_eq(r.class_id, 0);
	ck_assert_uint_eq(r.registration_id, 0);
	close(c);
	rig_turn();
	ck_assert_uint_eq(socket_table_count_uid(rig.n.sockets, getuid()), 1);
	close(sock);
}
END_TEST

START_TEST(refusals_that_need_no_keeper)
{
	struct aip_api_secure short_one = { 0, 0 };
	struct policy without_encryption;
	int c = api_hello();

	api_secure(c, 3, 0);
	ck_assert_uint_eq(api_answer(c, AIP_API_SOCK_SECURE, 2, 16, NULL), WSAEINVAL);
	api_secure(c, 0, -1);
	ck_assert_uint_eq(api_answer(c, AIP_API_SOCK_SECURE, 2, 16, NULL), WSAENOTSOCK);
	api_send(c, AIP_API_SOCK_SECURE, 9, &short_one, 7, 0, 1);
	ck_assert_uint_eq(api_answer(c, AIP_API_SOCK_SECURE, 9, 16, NULL), WSAEINVAL);
	api_send(c, 77, 9, NULL, 0, -1, 0);
	ck_assert_uint_eq(api_answer(c, 77, 9, 4, NULL), WSAEINVAL);
	without_encryption = rig.config.policy;
	without_encryption.n_qm_proposal = 1; /* the first one does not encrypt */
	rig.config.policy = without_encryption;
	class_set_default_policy(rig.n.classes, &without_encryption);
	api_secure(c, 1, 0);
	ck_assert_uint_eq(api_answer(c, AIP_API_SOCK_SECURE, 2, 16, NULL), WSAEINVAL);
	rig.n.is_stopping = true;
	api_secure(c, 0, 0);
	ck_assert_uint_eq(api_answer(c, AIP_API_SOCK_SECURE, 2, 16, NULL), WSAENETDOWN);
	rig.n.is_stopping = false;
	ck_assert(!keeper_asked());
	close(api.keeper);
	api.keeper = dup(0);
	rig_turn();
	api_secure(c, 0, 0);
	ck_assert_uint_eq(api_answer(c, AIP_API_SOCK_SECURE, 2, 16, NULL), WSAENETDOWN);
	close(c);
}
END_TEST

START_TEST(request_before_hello)
{
	int c = api_dial();

	api_secure(c, 0, 0);
	ck_assert(api_is_closed(c));
	ck_assert(!keeper_asked());
	close(c);
}
END_TEST

START_TEST(request_while_waiting)
{
	int c = api_hello();

	api_secure(c, 0, 0);
	ck_assert(keeper_asked());
	api_secure(c, 0, 0);
	ck_assert(api_is_closed(c));
	ck_assert(!keeper_asked());
	keeper_says(0, 1);
	close(c);
}
END_TEST

/* Two, eight, and more than there is room for. */
START_TEST(too_many_descriptors)
{
	static const size_t counts[] = { 2, 3, 8, 9, 10, 30 };
	size_t before = open_descriptors();
	struct aip_api_secure s = { 0, 0 };
	int c = api_hello();

	api_send(c, AIP_API_SOCK_SECURE, 2, &s, sizeof(s), 0, counts[_i]);
	ck_assert(api_is_closed(c));
	ck_assert(!keeper_asked());
	close(c);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(broken_messages)
{
	struct aip_api_header h = { AIP_API_MAGIC, AIP_API_HELLO, 0, 1, 24 };
	static uint8_t big[AIP_API_MAX_BYTES + 8];
	size_t n = 24;
	int c = api_hello();

	if (_i == 0)
		h.magic++;
	else if (_i == 1)
		h.flags = 1;
	else if (_i == 2)
		h.length++;
	else if (_i == 3)
		n = 15;
	else if (_i == 4)
		n = 0;
	else
		h.length = n = sizeof(big); /* cut by the server's buffer */
	memcpy(big, &h, sizeof(h));
	ck_assert_int_eq(send(c, big, n, 0), (ssize_t)n);
	rig_turn();
	ck_assert(api_is_closed(c));
	close(c);
}
END_TEST

/* The socket lives on, with the one who asked for it. */
START_TEST(client_gone_before_the_reply)
{
	int c = api_hello(), other = api_hello();

	api_secure(c, 2, 0);
	ck_assert(keeper_asked());
	api.ask.uid = 1234; /* as it would be for that user */
	close(c);
	rig_turn();
	keeper_says(0, 4711);
	ck_assert_uint_eq(socket_table_count_class(rig.n.sockets, CLASS_INSECURE), 1);
	ck_assert_uint_eq(socket_table_count_uid(rig.n.sockets, 1234), 1);
	ck_assert(api_is_silent(other));
	close(other);
}
END_TEST

START_TEST(each_client_gets_its_own_answer)
{
	struct proto_secure_ask first;
	struct aip_api_secure_reply r;
	int a = api_hello(), b = api_hello();

	api_secure(a, 0, 0);
	ck_assert(keeper_asked());
	first = api.ask;
	api_secure(b, 1, 0);
	ck_assert(keeper_asked());
	ck_assert_uint_ne(first.request, api.ask.request);
	keeper_says(0, 2);
	ck_assert(api_is_silent(a));
	ck_assert_uint_eq(
	    api_answer(b, AIP_API_SOCK_SECURE, 2, sizeof(r), (uint8_t *)&r), 0);
	ck_assert_uint_eq(r.class_id, CLASS_ENCRYPT);
	keeper_says(0, 3); /* twice: nobody waits */
	ck_assert(api_is_silent(a) && api_is_silent(b));
	api.ask = first;
	keeper_says(0, 1);
	ck_assert_uint_eq(
	    api_answer(a, AIP_API_SOCK_SECURE, 2, sizeof(r), (uint8_t *)&r), 0);
	ck_assert_uint_eq(r.class_id, CLASS_DEFAULT);
	close(a);
	close(b);
}
END_TEST

void
daemon_api_tests(Suite *s)
{
	TCase *t = tcase_create("api");

	tcase_add_checked_fixture(t, api_setup, api_teardown);
	tcase_add_test(t, hello);
	tcase_add_loop_test(t, secure, 0, 3);
	tcase_add_test(t, refusals_that_need_no_keeper);
	tcase_add_test(t, request_before_hello);
	tcase_add_test(t, request_while_waiting);
	tcase_add_loop_test(t, too_many_descriptors, 0, 6);
	tcase_add_loop_test(t, broken_messages, 0, 6);
	tcase_add_test(t, client_gone_before_the_reply);
	tcase_add_test(t, each_client_gets_its_own_answer);
	suite_add_tcase(s, t);
}
