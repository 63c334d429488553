/*
 * The classes that exist: found by what tells them apart, made when nobody has them, and
 * ended a while after their last socket (what is in TIME_WAIT still speaks).
 */
#ifndef AUTHIPD_DAEMON_CLASS_TABLE_H
#define AUTHIPD_DAEMON_CLASS_TABLE_H

#include <event2/event.h>

#include "daemon/class_spec.h"

#define CLASS_LINGER_S 60

struct class_table; /* owned */

/* What the table wants done. */
struct class_table_ops {
	void (*made)(void *ctx, uint32_t class_id);
	/* Nobody has it any more: its SAs, then its mark. Its id is free afterwards. */
	void (*ended)(void *ctx, uint32_t class_id);
};

/* X(id, text) */
#define CLASS_ERRORS(X)                                                                \
	X(CLASS_OK, "no error")                                                        \
	X(CLASS_NO_ENCRYPTION,                                                         \
	    "guaranteed encryption, and no quick-mode proposal encrypts: "             \
	    "add one such as esp-aes128-sha1")                                         \
	X(CLASS_BAD_POLICY, "its policy cannot be used")                               \
	X(CLASS_USER_LIMIT, "the user has as many classes of sockets as one may have") \
	X(CLASS_FULL, "there are as many classes as the mark mask has room for")       \
	X(CLASS_NO_MEMORY, "out of memory")

enum class_error {
#define CLASS_ERROR_ENUM(id, text) id,
	CLASS_ERRORS(CLASS_ERROR_ENUM)
};
const char *class_error_text(enum class_error e);

/* default_policy: that of the predefined classes; per_user: how many others one may have. */
struct class_table *class_table_new(struct event_base *base, uint32_t limit,
    uint32_t per_user, const struct policy *default_policy,
    const struct class_table_ops *ops, void *ctx);
void class_table_free(struct class_table *t);

/*
 * The class of this spec, with a reference for the caller (class_unref()). With guaranteed
 * encryption, proposals that do not encrypt are taken out of the policy first. 0: *err says
 * why.
 */
uint32_t class_find_or_make(
    struct class_table *t, const struct class_spec *spec, enum class_error *err);
void class_unref(struct class_table *t, uint32_t class_id);
/* How many sockets it has: as good as a reference while there are any. */
void class_set_sockets(struct class_table *t, uint32_t class_id, uint32_t n);
uint32_t class_sockets(const struct class_table *t, uint32_t class_id);
/* Borrowed until the class ends; NULL: there is none, or it is lost. */
const struct class_spec *class_by_id(const struct class_table *t, uint32_t class_id);
/*
 * For the engine, and for traffic with this peer (NULL: any); false: there is no such class, or
 * what it wants is impossible.
 */
bool class_policy(const struct class_table *t, uint32_t class_id,
    const struct endpoint *remote, struct class_policy *out);
/* A class that an earlier daemon made; kind CLASS_LOST: only its id is known. */
void class_restore(
    struct class_table *t, uint32_t class_id, const struct class_spec *spec);
/* Keeper could not make it: it ends as soon as nobody refers to it. */
void class_failed(struct class_table *t, uint32_t class_id);
/* The classes that follow the default policy have this one now. */
void class_set_default_policy(struct class_table *t, const struct policy *p);
/* In order of their ids; stops when each says false. */
void class_walk(const struct class_table *t,
    bool (*each)(void *ctx, uint32_t class_id, const struct class_spec *spec),
    void *ctx);
uint32_t class_count(const struct class_table *t);

#endif
