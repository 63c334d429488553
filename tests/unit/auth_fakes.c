/* What the auth role is linked with in its tests: a channel, a log and a keeper. */
#include <string.h>

#include <check.h>

#include "daemon/log.h"
#include "daemon/role.h"
#include "tests/unit/auth_fakes.h"

struct fake fake;

struct ipc *
ipc_new(struct event_base *base, int fd, ipc_handler *handler, ipc_closed *closed,
    void *ctx)
{
	(void)base;
	(void)fd;
	fake.channel = (struct ipc){ handler, closed, ctx };
	fake.n_channel++;
	return &fake.channel;
}

void
ipc_free(struct ipc *ipc)
{
	ck_assert_ptr_eq(ipc, &fake.channel);
	fake.n_channel--;
}

int
ipc_send2(struct ipc *ipc, uint16_t type, const void *head, size_t head_n,
    const void *tail, size_t tail_n, int fd)
{
	ck_assert_ptr_eq(ipc, &fake.channel);
	if (type == PROTO_CACHE_ASK) {
		ck_assert_uint_eq(head_n, sizeof(fake.cache_ask));
		memcpy(&fake.cache_ask, head, sizeof(fake.cache_ask));
		return 0;
	}
	ck_assert_uint_eq(type, PROTO_AUTH_REPLY);
	ck_assert_uint_eq(head_n, sizeof(fake.reply));
	ck_assert_uint_le(tail_n, sizeof(fake.token));
	ck_assert_int_eq(fd, -1);
	memcpy(&fake.reply, head, sizeof(fake.reply));
	if (tail_n > 0)
		memcpy(fake.token, tail, tail_n);
	fake.token_n = tail_n;
	fake.n_sent++;
	return 0;
}

bool
proto_body(struct span body, void *out, size_t n)
{
	if (body.n == n)
		memcpy(out, body.p, n);
	return body.n == n;
}

const char *
proto_name(uint16_t type)
{
	(void)type;
	return "message";
}

const char *
role_name(enum role_id r)
{
	(void)r;
	return "role";
}

void
role_stopped(struct ipc *keeper)
{
	(void)keeper;
	fake.n_stopped++;
}

#define LOG_STUB(name, count)                              \
	void name(const char *token, const char *fmt, ...) \
	{                                                  \
		(void)token;                               \
		(void)fmt;                                 \
		count;                                     \
	}
LOG_STUB(log_error, fake.n_warning++)
LOG_STUB(log_warn, fake.n_warning++)
LOG_STUB(log_info, (void)0)
LOG_STUB(log_debug, (void)0)
