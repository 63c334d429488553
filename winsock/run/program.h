/* Can a library be loaded into this program? */
#ifndef AUTHIPD_WINSOCK_RUN_PROGRAM_H
#define AUTHIPD_WINSOCK_RUN_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

/* The file that a command means, by PATH as a shell; false if there is none. */
bool program_find(const char *command, char path[PATH_MAX]);
/* NULL, or why this file would run without protection. */
const char *program_refuse(const char *program);

#endif
