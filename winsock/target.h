/* What authip-run needs beside WSASetSocketPeerTargetName(). */
#ifndef AUTHIPD_WINSOCK_TARGET_H
#define AUTHIPD_WINSOCK_TARGET_H

/* The name, UTF-8, that every peer of a secured socket has to prove. 0 or WSAE... */
int winsock_set_any_target(int fd, const char *name);

#endif
