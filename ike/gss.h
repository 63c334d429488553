/* Authentication by GSS tokens: the state of a round (gss_*.c). Internal to ike/. */
#ifndef AUTHIPD_IKE_GSS_H
#define AUTHIPD_IKE_GSS_H

#include "ike/blob.h"
#include "ike/chain.h"
#include "ike/engine.h"
#include "ike/message.h"
#include "ike/payload.h"

/* A round of authentication by GSS tokens: that of main mode, or extended mode. */
enum gss_state {
	GSS_NONE,
	GSS_E1_SENT,  /* initiator of extended mode: E1 */
	GSS_WANTED,   /* responder: methods agreed, waits for a NEW token */
	GSS_RUNS,     /* a dialogue runs */
	GSS_DONE,     /* responder: complete, waits for the proof (Q1, E3) */
	GSS_E3_SENT,  /* initiator of extended mode: E3 */
	GSS_COMPLETE, /* and proved */
};

/* What a dialogue yields: as the configuration reads the document, and in other readings. */
struct gss_secret {
	struct secret own;
	struct secret form[AUTH_SECRET_FORMS];
};

struct gss {
	enum gss_state state;
	struct pld_auth methods; /* agreed, in the initiator's order */
	size_t at;		 /* position in it */
	uint32_t method; /* enum auth_method */
	uint32_t credential;
	uint32_t dialogues;
	uint32_t rounds;
	bool fresh;	   /* initiator: the next token starts a dialogue */
	bool start_failed; /* initiator: it had no token at all, and said so */
	bool start_retry;  /* another credential of the method is left */
	bool last_retry;   /* the last failure asked for another credential */
	uint32_t peer_status; /* initiator: what that failure was, 0 = ours */
	bool local_done;
	bool peer_done;
	bool auth_waiting; /* a question to auth is out */
	uint64_t handle;   /* of the dialogue, 0 = none */
	struct isakmp_header answer_header; /* responder: request that auth works on */
	uint32_t answer_seq;
	struct gss_secret *secret; /* owned, until the peer proved that it has it, too */
	struct chain chain;    /* of main mode: from M1 on */
	struct blob peer_name; /* text */
	struct blob failure;   /* text: why the last dialogue failed */
	bool peer_is_user;     /* responder: so the peer says of its principal */
	bool wrong_target;     /* a peer was proved, but not the one that was named */
};

#endif
