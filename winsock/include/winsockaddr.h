/*
 * The members that Windows programs use of an address: S_un of an in_addr, u of an in6_addr.
 * They have to be there when the native structures are made; without glibc, or if
 * netinet/in.h came first, there are only the native names.
 */
#ifndef AUTHIP_WINSOCKADDR_H
#define AUTHIP_WINSOCKADDR_H

#include <features.h>

#if defined(__GLIBC__) && !defined(_NETINET_IN_H)
#define __in6_u u
#define __u6_addr8 Byte
#define __u6_addr16 Word
/* Ends the native member as an unnamed bit-field of no width. */
#define s_addr                                                        \
	: 0;                                                          \
	__extension__ union {                                         \
		in_addr_t s_addr;                                     \
		union {                                               \
			in_addr_t S_addr;                             \
			struct {                                      \
				unsigned char s_b1, s_b2, s_b3, s_b4; \
			} S_un_b;                                     \
			struct {                                      \
				unsigned short s_w1, s_w2;            \
			} S_un_w;                                     \
		} S_un;                                               \
	}
#include <netinet/in.h>
#undef s_addr
#endif

#endif
