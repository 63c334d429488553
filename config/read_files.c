/* Can the files that a configuration names be read? */
#include "config/read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/fault.h"

/* NULL if the file can be read, else why not. O_NONBLOCK: a FIFO must not hang us. */
static const char *
why_unreadable(const char *file)
{
	const char *why = NULL;
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, &st) < 0)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "not a regular file";
	else if (st.st_size == 0)
		why = "the file is empty";
	close(fd);
	return why;
}

/* file is value i of the option. */
static int
check_file(cfg_t *section, const char *option, unsigned int i, const char *file,
    struct config_error *err)
{
	const struct config_value *v = tree_value(section, option, i);
	const char *why = why_unreadable(file);

	if (why == NULL)
		return 0;
	return config_fail(err, v == NULL ? 0 : v->line,
	    "%s: cannot read %s: %s. Write the right name, or allow this user to read "
	    "it",
	    option, file, why);
}

static int
check_crls(cfg_t *root, const struct config_tls *tls, struct config_error *err)
{
	cfg_t *s = tree_section(root, "tls");

	for (uint32_t i = 0; i < tls->n_crl; i++)
		if (check_file(s, "crl", i, tls->crl[i], err) < 0)
			return -1;
	return 0;
}

int
check_files_of(cfg_t *root, const struct config *c, struct config_error *err)
{
	for (uint32_t i = 0; i < c->n_cert; i++) {
		cfg_t *s = cfg_getnsec(root, "credentials", i);

		if (check_file(s, "certificate", 0, c->cert[i].certificate, err) < 0 ||
		    check_file(s, "key", 0, c->cert[i].key, err) < 0)
			return -1;
	}
	if (c->kerberos.keytab[0] != '\0' &&
	    check_file(tree_section(root, "kerberos"), "keytab", 0, c->kerberos.keytab,
		err) < 0)
		return -1;
	if (check_crls(root, &c->tls, err) < 0 || check_psks(root, c, err) < 0)
		return -1;
	return check_file(root, "trust", 0, c->trust_file, err);
}
