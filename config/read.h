/* From the parsed file to struct config (internal to config/). */
#ifndef AUTHIPD_CONFIG_READ_H
#define AUTHIPD_CONFIG_READ_H

#include "config/tree.h"

/* All sections but default_policy. */
int read_daemon(cfg_t *root, struct config *c, struct config_error *err);
/* The section tls. */
int read_tls(cfg_t *root, struct config_tls *tls, struct config_error *err);
/* The sections psk; check_psks(): can their keys be read? */
int read_psks(cfg_t *root, struct config *c, struct config_error *err);
int check_psks(cfg_t *root, const struct config *c, struct config_error *err);
/* The sections dialect and peer_dialect. */
int read_dialects(cfg_t *root, struct config *c, struct config_error *err);
/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32"; false: none of these, or bits behind it. */
bool prefix_read(const char *text, struct address *a, uint32_t *prefix);
/* The section kerberos. */
int read_kerberos(cfg_t *root, struct config_kerberos *k, struct config_error *err);
/* The section impersonation. */
int read_identity(cfg_t *root, struct config_identity *c, struct config_error *err);
/* default_policy and what it needs the operator's consent for; after read_kerberos(). */
int read_policy(cfg_t *root, struct config *c, struct config_error *err);
/* The sections policy, for rules; after read_policy(). */
int read_named_policies(cfg_t *root, struct config *c, struct config_error *err);
/* The sections rule; after read_named_policies(). */
int read_rules(cfg_t *root, struct config *c, struct config_error *err);
/* The title of a section, as the name of a policy or rule. */
int read_name(cfg_t *section, char name[RULE_NAME_BYTES], struct config_error *err);
/* Can every file that c names be read? */
int check_files_of(cfg_t *root, const struct config *c, struct config_error *err);

#endif
