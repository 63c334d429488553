/* Status and events as JSON. */
#include "config.h"

#include "daemon/status_json.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/class_table.h"
#include "daemon/log.h"
#include "daemon/negotiator.h"
#include "daemon/socket_table.h"
#include "ike/payload.h"
#include "ike/text.h"

static json_t *
json_address(const struct address *a)
{
	char buf[64];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	text_address(&t, a);
	return json_string(buf);
}

static json_t *
json_endpoint(const struct endpoint *e)
{
	char buf[72];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	text_endpoint(&t, e);
	return json_string(buf);
}

static json_t *
json_hex(const uint8_t *p, size_t n)
{
	char buf[64];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	text_hex(&t, span_of(p, n));
	return json_string(buf);
}

static json_t *
json_spi(uint32_t spi)
{
	uint8_t b[4] = { (uint8_t)(spi >> 24), (uint8_t)(spi >> 16), (uint8_t)(spi >> 8),
		(uint8_t)spi };

	return json_hex(b, 4);
}

json_t *
status_json_text(const char *s)
{
	char *clean = strdup(s);
	json_t *j;

	if (clean != NULL)
		log_clean(clean);
	j = json_string(clean); /* NULL: none */
	free(clean);
	return j != NULL ? j : json_string("(not UTF-8)");
}

static const char *
method_name(uint32_t method)
{
	switch (method) {
	case AUTH_KERBEROS:
		return "kerberos";
	case AUTH_ANONYMOUS:
		return "anonymous";
	case AUTH_TLS:
		return "tls";
	case AUTH_NTLM:
		return "ntlm";
	case AUTH_V1_PSK:
		return "ikev1-psk";
	case AUTH_V1_RSA:
		return "ikev1-rsa";
	case AUTH_V1_ECDSA256:
		return "ikev1-ecdsa256";
	case AUTH_V1_ECDSA384:
		return "ikev1-ecdsa384";
	case AUTH_V1_KERBEROS:
		return "ikev1-kerberos";
	default:
		return "none";
	}
}

static json_t *
json_vendors(uint32_t seen)
{
	json_t *list = json_array();

	for (int v = VENDOR_MS_NT5; v < VENDOR_COUNT; v++)
		if ((seen & 1u << v) != 0)
			json_array_append_new(list,
			    json_string(pld_vendor_name((enum ike_vendor)v)));
	return list;
}

/* What differs from the defaults: an empty object says nothing does. */
static json_t *
json_dialect(const struct dialect *d)
{
	static const struct dialect plain = DIALECT_DEFAULT;
	json_t *o = json_object();
	const struct dialect_knob *k;
	size_t n;

	k = dialect_knobs(&n);
	for (size_t i = 0; i < n; i++) {
		uint32_t v = dialect_value(d, &k[i]);

		if (v == dialect_value(&plain, &k[i]))
			continue;
		json_object_set_new(o, k[i].name,
		    k[i].word != NULL ? json_string(k[i].word[v]) :
					json_integer((json_int_t)v));
	}
	return o;
}

static bool
add_mm(void *ctx, const struct engine_mm_status *s)
{
	json_t *em, *mm;

	if (s->is_deleting)
		return true;
	em = json_pack("{s:s,s:o,s:s}", "method", method_name(s->em_method), "peer_name",
	    status_json_text(s->em_peer_name), "state", s->em_state);

	mm =
	    json_pack("{s:I,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:s,s:s,s:s,s:I,s:I,s:o,s:o,s:o,s:b}", "id",
		(json_int_t)s->id, "protocol", s->is_ikev1 ? "ikev1" : "authip", "role",
		s->initiator ? "initiator" : "responder", "state", s->state, "local",
		json_endpoint(&s->local), "remote", json_endpoint(&s->remote),
		"initiator_cookie", json_hex(s->icookie, 8), "responder_cookie",
		json_hex(s->rcookie, 8), "cipher", cipher_name(s->cipher), "integrity",
		hash_name(s->integrity), "group", dh_name(s->group), "lifetime_s",
		(json_int_t)s->lifetime_s, "age_s", (json_int_t)s->age_s, "peer_vendor_ids",
		json_vendors(s->vendor_seen), "peer_gss_id", status_json_text(s->peer_gss_id),
		"extended_mode", em, "nat", (int)s->nat_detected);
	json_object_set_new(mm, "dialect", json_dialect(s->dialect));
	json_object_set_new(mm, "method", json_string(method_name(s->method)));
	json_object_set_new(mm, "peer_name", status_json_text(s->peer_name));
	json_object_set_new(mm, "peer_is_user", json_boolean(s->peer_is_user));
	json_array_append_new(ctx, mm);
	return true;
}

static const char *
transform_name(enum qm_transform t)
{
	return t == QM_AH ? "ah" : t == QM_ESP_AUTH ? "esp-auth" : "esp-auth-cipher";
}

json_t *
status_json_selector(const struct flow *f)
{
	return json_pack("{s:s,s:o,s:i,s:o,s:i}", "protocol",
	    f->protocol == 6	  ? "tcp" :
		f->protocol == 17 ? "udp" :
				    "any",
	    "local_address", json_address(&f->local.addr), "local_port", (int)f->local.port,
	    "remote_address", json_address(&f->remote.addr), "remote_port",
	    (int)f->remote.port);
}

struct qm_walk {
	struct negotiator *n;
	json_t *list;
};

static bool
add_qm(void *ctx, const struct engine_qm_status *s)
{
	struct qm_walk *w = ctx;
	const struct usage *u = nego_usage(w->n, s->id);
	const struct qm_proposal *p = &s->proposal;

	json_array_append_new(w->list,
	    json_pack("{s:I,s:I,s:s,s:b,s:s,s:o,s:o,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:i,s:I,s:I,s:o}",
		"id", (json_int_t)s->id, "main_mode_id", (json_int_t)s->mm_id, "state",
		s->is_usable ? "established" : s->state, "usable", (int)s->is_usable, "role",
		s->initiator ? "initiator" : "responder", "spi_in", json_spi(s->spi_in),
		"spi_out", json_spi(s->spi_out), "transform", transform_name(p->transform),
		"cipher", cipher_name(p->cipher), "integrity", hash_name(p->integrity),
		"lifetime_s", (json_int_t)p->lifetime_s, "lifetime_kb",
		(json_int_t)p->lifetime_kb, "age_s", (json_int_t)s->age_s, "bytes_in",
		(json_int_t)(u != NULL ? u->total.bytes_in : 0), "bytes_out",
		(json_int_t)(u != NULL ? u->total.bytes_out : 0), "class", (int)s->class_id,
		"rekeyed_from", (json_int_t)s->rekeyed_from, "rekeys", (json_int_t)s->n_rekeys,
		"selector", status_json_selector(&s->selector)));
	return true;
}

struct list_of {
	const struct negotiator *n;
	json_t *list;
};

static void
add_socket(void *ctx, const struct secured_socket *s)
{
	struct list_of *l = ctx;

	json_array_append_new(l->list,
	    json_pack("{s:I,s:s,s:I,s:I,s:s,s:s,s:I}", "id", (json_int_t)s->id, "class",
		class_spec_name(class_by_id(l->n->classes, s->class_id)), "class_id",
		(json_int_t)s->class_id, "uid", (json_int_t)s->uid, "family",
		s->family == 4 ? "ipv4" : "ipv6", "protocol", s->protocol == 6 ? "tcp" : "udp",
		"age_s", (json_int_t)((nego_now_ms() - s->since_ms) / 1000)));
}

static bool
add_class(void *ctx, uint32_t class_id, const struct class_spec *spec)
{
	struct list_of *l = ctx;

	json_array_append_new(l->list,
	    json_pack("{s:I,s:s,s:o,s:I,s:I,s:o,s:I,s:I}", "id", (json_int_t)class_id, "class",
		class_spec_name(spec), "rule",
		status_json_text(spec->kind == CLASS_OF_RULE ? spec->rule.name : ""), "owner",
		(json_int_t)spec->owner, "credentials_of", (json_int_t)spec->uid,
		"target_name", status_json_text(spec->target_name), "sockets",
		(json_int_t)class_sockets(l->n->classes, class_id), "clear_fallback_ms",
		(json_int_t)nego_clear_patience_ms(l->n, class_id)));
	return true;
}

static json_t *
json_counters(struct negotiator *n)
{
	json_t *o = json_object();

	for (int e = IKE_OK + 1; e < IKE_ERR_COUNT; e++)
		json_object_set_new(o, ike_err_counter((enum ike_err)e),
		    json_integer(
			(json_int_t)engine_error_count(n->engine, (enum ike_err)e)));
	for (int t = 0; t <= EVENT_DROP; t++) {
		char name[64] = "event_";

		strncat(name, engine_event_name((enum engine_event_type)t), 40);
		for (char *p = name; *p != '\0'; p++)
			if (*p == '-')
				*p = '_';
		json_object_set_new(o, name,
		    json_integer((json_int_t)engine_event_count(n->engine,
			(enum engine_event_type)t)));
	}
	for (int i = 0; i < PLANE_COUNTER_COUNT; i++)
		json_object_set_new(o, plane_counter_name((enum plane_counter)i),
		    json_integer((json_int_t)n->plane_count[i]));
	return o;
}

/* Flows that went in clear: why they did at first, and how many peers never answered. */
static json_t *
json_clear(const struct negotiator *n)
{
	const uint64_t *c = n->clear_flows;

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "negotiating",
	    (json_int_t)c[CLEAR_NEGOTIATING], "failed", (json_int_t)c[CLEAR_FAILED],
	    "no_answer", (json_int_t)c[CLEAR_NO_ANSWER], "peer_nat",
	    (json_int_t)c[CLEAR_PEER_NAT], "inbound", (json_int_t)c[CLEAR_INBOUND],
	    "fallbacks", (json_int_t)n->clear_fallbacks);
}

json_t *
status_json(struct negotiator *n)
{
	json_t *mm = json_array(), *qm = json_array(), *sockets = json_array();
	struct list_of of_sockets = { n, sockets }, of_classes = { n, json_array() };
	struct qm_walk w = { n, qm };

	engine_walk_mm(n->engine, nego_now_ms(), add_mm, mm);
	engine_walk_qm(n->engine, nego_now_ms(), add_qm, &w);
	socket_table_walk(n->sockets, add_socket, &of_sockets);
	class_walk(n->classes, add_class, &of_classes);
	return json_pack("{s:i,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "schema_version",
	    STATUS_SCHEMA_VERSION, "version", PACKAGE_VERSION, "backend",
	    n->config->backend == BACKEND_KERNEL ? "kernel" : "plane", "main_mode", mm,
	    "quick_mode", qm, "sockets", sockets, "classes", of_classes.list,
	    "clear_flows", json_clear(n), "counters", json_counters(n));
}

json_t *
status_json_event(const struct action_event *e)
{
	return json_pack("{s:s,s:s,s:I,s:I,s:o,s:o,s:o,s:o}", "event",
	    engine_event_name(e->type), "reason", ike_err_counter(e->error), "main_mode_id",
	    (json_int_t)e->mm_id, "quick_mode_id", (json_int_t)e->qm_id, "local",
	    json_endpoint(&e->local), "remote", json_endpoint(&e->remote), "initiator_cookie",
	    json_hex(e->icookie, 8), "text", status_json_text(e->text));
}
