/* Can a library be loaded into this program? */
#ifndef AUTHIPD_WINSOCK_RUN_PROGRAM_H
#define AUTHIPD_WINSOCK_RUN_PROGRAM_H

/* NULL, or why it would run without protection. command is searched as execvp() does. */
const char *program_refuse(const char *command);

#endif
