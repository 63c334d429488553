/* Errors of Linux as numbers of Winsock. */
#ifndef AUTHIPD_WINSOCK_ERROR_MAP_H
#define AUTHIPD_WINSOCK_ERROR_MAP_H

/* What failed: some errors mean another thing to Winsock. */
enum error_call {
	ERROR_CALL_OTHER,
	ERROR_CALL_CONNECT,
	ERROR_CALL_SEND,
	ERROR_CALL_RECEIVE,
};

int error_from_errno(int number);
/* The errno that stands for a number of Winsock; EIO if none does. */
int error_to_errno(int winsock_error);
int error_of_call(enum error_call call, int fd, int flags, int number);

/* Stores the error that errno means for this call. SOCKET_ERROR; errno stays. */
int error_fail(enum error_call call, int fd, int flags);
/* Stores this error. SOCKET_ERROR. */
int error_set(int winsock_error);

#endif
