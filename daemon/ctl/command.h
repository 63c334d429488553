/* The commands of authipctl and what they were asked. */
#ifndef AUTHIPD_CTL_COMMAND_H
#define AUTHIPD_CTL_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_NO_DAEMON };

struct options {
	const char *run_dir;
	const char *to;
	const char *from;
	const char *protocol;
	const char *what;
	const char *dir;
	const char *out;
	long port;
	long local_port;
	long socket;
	long id;
	long seconds; /* 0: until interrupted */
	bool json;
	bool encrypt;
	bool keys;
};

/* options.c: prints the usage; what to exit with. */
int usage(FILE *out);
/* 0; else the usage should be printed. */
int options_parse(int argc, char **argv, struct options *o);

/* main.c: sends one request and hands over the answer, a new reference. */
int ask(const struct options *o, bool changes, json_t *request, json_t **answer);
int command_status(const struct options *o);
int command_monitor(const struct options *o);
/* explain.c */
int command_explain(const struct options *o);
int command_initiate(const struct options *o);
int command_delete(const struct options *o);
int command_reload(const struct options *o);
/* keylog.c */
int command_keylog(const struct options *o);
/* capture.c */
int command_capture(const struct options *o);

#endif
