/* The secured sockets that a caller may see, with their addresses. */
#ifndef AUTHIPD_DAEMON_WFP_SOCKET_H
#define AUTHIPD_DAEMON_WFP_SOCKET_H

#include "daemon/socket_table.h"
#include "daemon/wfp_state.h"
#include "ike/engine.h"

struct wfp_socket {
	uint64_t registration; /* 0: none: of a class alone */
	uint64_t cookie;
	uint32_t class_id;
	uint8_t family;
	bool is_listening;
	struct flow flow; /* remote port 0: no peer; local address may be any */
};

struct wfp_sockets {
	struct wfp_socket *list;
	size_t n;
	size_t room;
	bool no_memory;
};

/* Sockets with a local port that s may see; to be freed with free(list). */
void wfp_sockets_collect(struct wfp_session *s, struct wfp_sockets *out);
/* Does this pair carry the traffic of this socket? */
bool wfp_socket_has(const struct wfp_socket *sock, const struct engine_qm_status *qm);
/* The traffic of a pair, for callers who see all and pairs without a socket. */
struct wfp_socket wfp_socket_of_pair(const struct engine_qm_status *qm);
/* What its class demands; false: the class is gone. */
bool wfp_socket_policy(
    struct wfp_session *s, const struct wfp_socket *sock, struct class_policy *out);

/* wfp_view_filter.c */
enum wfp_layer {
	WFP_OUTBOUND,
	WFP_INBOUND,
	WFP_CONNECT,
	WFP_ACCEPT,
	WFP_IPSEC,
	WFP_IKEEXT,
	WFP_LAYERS
};
#define WFP_CONDITIONS_MAX 6

/* A filter, and what it points to. */
struct wfp_filter_store {
	FWPM_FILTER0 filter;
	GUID provider;
	FWPM_FILTER_CONDITION0 condition[WFP_CONDITIONS_MAX];
	FWP_BYTE_ARRAY16 address[2];
	UINT64 weight;
};
/* False: the socket has no filter in this layer. */
bool wfp_filter_make(struct wfp_session *s, const struct wfp_socket *sock,
    enum wfp_layer layer, struct wfp_filter_store *out);

/* wfp_view_sa.c: the main modes whose pairs carry traffic that s may see */
struct wfp_seen {
	uint32_t mm_id;
	uint64_t filter; /* of one of its pairs */
	uint64_t cookie; /* of a socket with this filter; 0: none */
};
struct wfp_seen_list {
	struct wfp_seen *list; /* sorted by mm_id; to be freed */
	size_t n;
	size_t room;
	bool no_memory;
};
void wfp_main_modes_seen(struct wfp_session *s, const struct wfp_sockets *sockets,
    struct wfp_seen_list *out);
/* The filter; NULL: not seen. */
const struct wfp_seen *wfp_main_mode_is_seen(
    const struct wfp_seen_list *l, uint32_t mm_id);

/* wfp_match.c: what an enumeration asks for */
uint32_t wfp_match_check(const FWPM_FILTER_ENUM_TEMPLATE0 *t);
bool wfp_match_filter(const FWPM_FILTER_ENUM_TEMPLATE0 *t, const FWPM_FILTER0 *f);
/* Is the address in this subnet, address or range (EMPTY: any)? */
uint32_t wfp_match_subnet_check(const FWP_CONDITION_VALUE0 *v);
bool wfp_match_address(const FWP_CONDITION_VALUE0 *v, const struct address *a);
/* The same for both ends. */
uint32_t wfp_match_subnets_check(
    const FWP_CONDITION_VALUE0 *local, const FWP_CONDITION_VALUE0 *remote);
bool wfp_match_ends(const FWP_CONDITION_VALUE0 *local, const FWP_CONDITION_VALUE0 *remote,
    const struct address *our, const struct address *peers);

/* wfp_view.c: what the views of SAs have in common */
#define WFP_NAME_CHARS 256
/* Names are UTF-8 from a certificate or a KDC: what is not ASCII is shown as "?". */
void wfp_view_name(wchar_t out[WFP_NAME_CHARS], const char *name);
/* Both addresses, each a number or bytes, as the version says that is returned. */
FWP_IP_VERSION wfp_view_addresses(const struct address *our, const struct address *peers,
    UINT8 local[16], UINT8 remote[16]);

/* Windows has IPv4 addresses as numbers. */
static inline uint32_t
wfp_v4(const struct address *a)
{
	return (uint32_t)a->b[0] << 24 | (uint32_t)a->b[1] << 16 |
	       (uint32_t)a->b[2] << 8 | a->b[3];
}

#endif
