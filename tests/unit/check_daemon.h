/* What the tests of the daemon's roles share: a negotiator whose surroundings are the test. */
#ifndef AUTHIPD_TESTS_CHECK_DAEMON_H
#define AUTHIPD_TESTS_CHECK_DAEMON_H

#include <check.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/negotiator.h"

struct rig {
	struct event_base *base;
	struct config config;
	struct negotiator n;
	uint64_t now_ms;
	size_t n_pump; /* calls of nego_pump() and nego_acquire() */
	void (*pump)(struct negotiator *n);
	size_t n_acquire;
	bool has_no_policy; /* of nego_acquire() */
	struct flow acquired;
	uint32_t acquired_class;
	uint64_t acquired_client;
	struct waiter waiter; /* of that */
	uint32_t rule_class; /* what a rule says of any flow */
	struct usage *usage;
	uint32_t made_class; /* the last one */
	uint32_t ended_class;
};
extern struct rig rig;

void rig_setup(void);
void rig_teardown(void);
/* Turns of the event loop until nothing is left to do. */
void rig_turn(void);

/* A plane that does nothing; its end of the channel. */
int rig_plane_begin(void);
void rig_plane_end(int plane);
/* A listening socket without a name in the file system; its address into *a. */
int rig_listen(int type, struct sockaddr_un *a, socklen_t *n);
int rig_dial(int type, const struct sockaddr_un *a, socklen_t n);
/* The control sockets (daemon_ctl.c): a server with an engine, and a client of one of them. */
void ctl_setup(void);
void ctl_teardown(void);
int ctl_dial(bool may_change);
/* How many descriptors this process has. */
size_t open_descriptors(void);
/* Bytes that this process has allocated now, as its allocator says. */
size_t allocated_bytes(void);
bool is_root(void);
/* A socket bound to that address ("" = any) and a port of the kernel's choice. */
int bound_socket(int family, int type, const char *addr, uint16_t *port);
uint64_t socket_cookie(int fd);

void daemon_ipc_tests(Suite *s);
void daemon_ipc_broken_tests(Suite *s);
void daemon_frame_tests(Suite *s);
void daemon_account_tests(Suite *s);
void daemon_api_tests(Suite *s);
void daemon_api_limit_tests(Suite *s);
void daemon_query_tests(Suite *s);
void daemon_owner_tests(Suite *s);
void daemon_sockets_tests(Suite *s);
void daemon_gate_tests(Suite *s);
void daemon_target_tests(Suite *s);
void daemon_secure_tests(Suite *s);
void daemon_secure_refused_tests(Suite *s);
void daemon_options_tests(Suite *s);
void daemon_log_tests(Suite *s);
void daemon_ctl_tests(Suite *s);
void daemon_ctl_limit_tests(Suite *s);
void daemon_status_tests(Suite *s);
void daemon_class_tests(Suite *s);
void daemon_clear_tests(Suite *s);
void daemon_explain_tests(Suite *s);
void daemon_params_tests(Suite *s);
void daemon_mm_policy_tests(Suite *s);
void daemon_user_tests(Suite *s);
void daemon_renew_tests(Suite *s);
void daemon_shared_tests(Suite *s);

#endif
