/* What authip-run tells the library that it loads into a program. */
#ifndef AUTHIPD_WINSOCK_RUN_RUN_H
#define AUTHIPD_WINSOCK_RUN_RUN_H

#define RUN_MODE_VARIABLE "AUTHIP_RUN_MODE"
#define RUN_PEER_VARIABLE "AUTHIP_RUN_PEER" /* UTF-8 */
#define RUN_MODE_ENCRYPT "encrypt"
#define RUN_MODE_INSECURE "insecure"

#endif
