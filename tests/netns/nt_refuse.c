/* Descriptors that cannot be secured: prints "NAME ERROR" for each. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <ws2tcpip.h>

static struct sockaddr_in
loopback(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

/* Closes fd. */
static void
secure(const char *name, int fd)
{
	int rc = WSASetSocketSecurity(fd, NULL, 0, NULL, NULL);

	printf("%s %d\n", name, rc == 0 ? 0 : WSAGetLastError());
	close(fd);
}

static int
tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
bound(int fd)
{
	struct sockaddr_in a = loopback(0);

	(void)bind(fd, (struct sockaddr *)&a, sizeof(a));
	return fd;
}

static int
listening(void)
{
	int fd = tcp();

	(void)listen(fd, 1);
	return fd;
}

/* To a listener that lives as long as this process. */
static int
connected(void)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	int fd = tcp(), listener = bound(tcp());

	(void)listen(listener, 1);
	(void)getsockname(listener, (struct sockaddr *)&a, &n);
	(void)connect(fd, (struct sockaddr *)&a, n);
	return fd;
}

static int
connected_udp(void)
{
	struct sockaddr_in a = loopback(9);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)connect(fd, (struct sockaddr *)&a, sizeof(a));
	return fd;
}

static int
with_option(int name)
{
	int fd = tcp(), one = 1;

	(void)setsockopt(fd, SOL_SOCKET, name, &one, sizeof(one));
	return fd;
}

static int
secured(void)
{
	int fd = tcp();

	(void)WSASetSocketSecurity(fd, NULL, 0, NULL, NULL);
	return fd;
}

int
main(void)
{
	int fd[2];

	secure("closed", -1);
	secure("file", open("/dev/null", O_RDWR));
	if (pipe(fd) == 0)
		secure("pipe", fd[0]);
	secure("unix", socket(AF_UNIX, SOCK_STREAM, 0));
	secure("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	secure("raw6", socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
	secure("packet", socket(AF_PACKET, SOCK_DGRAM, 0));
	secure("bound", bound(tcp()));
	secure("bound-udp", bound(socket(AF_INET, SOCK_DGRAM, 0)));
	secure("listening", listening());
	secure("connected", connected());
	secure("connected-udp", connected_udp());
	secure("reuseaddr", with_option(SO_REUSEADDR));
	secure("reuseport", with_option(SO_REUSEPORT));
	secure("twice", secured());
	secure("good", tcp());
	return 0;
}
