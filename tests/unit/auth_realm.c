/* The realm: realm.sh makes it, and its KDC runs unprivileged on a port of its own. */
#include <arpa/inet.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_auth_krb.h"

#define SCRIPT "bash " TEST_SRCDIR "/tests/krb/realm.sh"
#define NOBODY 65534

static char dir[] = "/tmp/check_auth_krb.XXXXXX";
static uint16_t port;
static pid_t kdc;

static int
run(const char *what, const char *arguments)
{
	char command[1024];

	snprintf(command, sizeof(command), "%s %s %s", what, dir, arguments);
	return system(command);
}

/*
 * A port of the loopback that is free for UDP and TCP; keep: and is taken from now on. None of
 * those that the kernel gives to other programs: one of them would have it before the KDC has.
 */
static uint16_t
find_port(bool keep)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	uint16_t number = (uint16_t)(10000 + getpid() % 20000);
	socklen_t n = sizeof(a);
	int udp, tcp;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (;;) {
		a.sin_port = htons(number++);
		udp = socket(AF_INET, SOCK_DGRAM, 0);
		tcp = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(udp, (struct sockaddr *)&a, n) == 0 &&
		    bind(tcp, (struct sockaddr *)&a, n) == 0)
			break;
		close(udp);
		close(tcp);
	}
	if (keep) {
		listen(tcp, 64);
		return ntohs(a.sin_port);
	}
	close(udp);
	close(tcp);
	return ntohs(a.sin_port);
}

uint16_t
realm_silent_port(void)
{
	return find_port(true);
}

/* One question at a time, by UDP: from a client to the KDC, late, and the answer back. */
static void
relay(int from, int to, useconds_t delay_us)
{
	struct sockaddr_in client;
	static uint8_t b[65536];

	for (;;) {
		socklen_t n = sizeof(client);
		ssize_t got = recvfrom(from, b, sizeof(b), 0, (struct sockaddr *)&client, &n);

		usleep(delay_us);
		if (got < 0 || send(to, b, (size_t)got, 0) < 0 ||
		    (got = recv(to, b, sizeof(b), 0)) < 0)
			_exit(1);
		(void)sendto(from, b, (size_t)got, 0, (struct sockaddr *)&client, n);
	}
}

uint16_t
realm_slow_port(unsigned delay_ms)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int from = socket(AF_INET, SOCK_DGRAM, 0), to = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t n = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(to, (struct sockaddr *)&a, n) != 0)
		abort();
	a.sin_port = 0;
	if (bind(from, (struct sockaddr *)&a, n) != 0 ||
	    getsockname(from, (struct sockaddr *)&a, &n) != 0)
		abort();
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		relay(from, to, delay_ms * 1000);
	}
	close(from);
	close(to);
	return ntohs(a.sin_port);
}

static bool
can_connect(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool ok;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ok = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	close(fd);
	return ok;
}

static void
start_kdc(void)
{
	char profile[128];

	snprintf(profile, sizeof(profile), "%s/kdc.conf", dir);
	kdc = fork();
	if (kdc != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getuid() == 0 &&
	    (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
		_exit(1);
	setenv("KRB5_KDC_PROFILE", profile, 1);
	setenv("PATH", "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	execlp("krb5kdc", "krb5kdc", "-n", "-r", "TEST", (char *)NULL);
	_exit(1);
}

static bool
make_hosts(void)
{
	static const char *const wanted[][2] = {
		{ "a", "host/a.test" },
		{ "b", "host/b.test" },
		{ "c", "host/c.test" },
		{ "machine", "'PC1$'" },
		{ "mallory", "mallory" },
		{ "short", "host/short.test" },
		{ "instant", "host/instant.test" },
		{ "rekeyed", "host/rekeyed.test" },
		{ "gone", "host/gone.test" },
		{ "stale", "host/stale.test" },
	};
	char name[256];

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		snprintf(name, sizeof(name), "%s.keytab %s", wanted[i][0], wanted[i][1]);
		if (run(SCRIPT " keytab", name) != 0)
			return false;
	}
	realm_admin("modprinc -maxlife 7s host/short.test");
	realm_admin("modprinc -maxlife 1s host/instant.test");
	realm_admin("cpw -randkey host/rekeyed.test");
	realm_admin("cpw -randkey host/stale.test");
	realm_admin("delprinc -force host/gone.test");
	return true;
}

bool
realm_begin(void)
{
	char number[16], why[100] = "";
	FILE *p = popen(SCRIPT " missing", "r");

	if (p == NULL || fgets(why, sizeof(why), p) != NULL || pclose(p) != 0) {
		printf("no Kerberos here: %s\n", why);
		return false;
	}
	if (mkdtemp(dir) == NULL)
		abort();
	port = find_port(false);
	snprintf(number, sizeof(number), "%u", port);
	if (run(SCRIPT " make", number) != 0 || !make_hosts())
		abort();
	if (getuid() == 0 && run("chown -R 65534", "") != 0)
		abort();
	realm_use(0, 300);
	start_kdc();
	while (!can_connect()) { /* on a busy machine after a while */
		if (waitpid(kdc, NULL, WNOHANG) != 0)
			abort();
		usleep(50000);
	}
	return true;
}

void
realm_end(void)
{
	kill(kdc, SIGKILL);
	waitpid(kdc, NULL, 0);
	(void)run("rm -rf", "");
}

void
realm_admin(const char *command)
{
	char quoted[512];

	snprintf(quoted, sizeof(quoted), "\"%s\"", command);
	if (run(SCRIPT " admin", quoted) != 0)
		abort();
}

void
realm_use(uint16_t kdc_port, int clockskew_s)
{
	char file[128];
	FILE *f;

	snprintf(file, sizeof(file), "%s/krb5.%d.conf", dir, (int)getpid());
	if ((f = fopen(file, "w")) == NULL)
		abort();
	fprintf(f,
	    "[libdefaults]\n default_realm = TEST\n dns_lookup_kdc = false\n"
	    " dns_lookup_realm = false\n clockskew = %d\n"
	    "[realms]\n TEST = {\n  kdc = 127.0.0.1:%u\n }\n",
	    clockskew_s, kdc_port != 0 ? kdc_port : port);
	fclose(f);
	chmod(file, 0644);
	setenv("KRB5_CONFIG", file, 1);
}

const char *
realm_keytab(const char *name)
{
	static char file[CONFIG_PATH_MAX];

	snprintf(file, sizeof(file), "%s/%s.keytab", dir, name);
	return file;
}

void
krb_config(struct config *c, const char *keytab)
{
	static const struct dialect d = DIALECT_DEFAULT;

	memset(c, 0, sizeof(*c));
	c->dialect = d;
	c->kerberos.timeout_s = 20;
	strcpy(c->kerberos.user_cache, "/tmp/krb5cc_%{uid}");
	if (keytab != NULL)
		strcpy(c->kerberos.keytab, realm_keytab(keytab));
}

struct auth_krb *
krb_open(const struct config *c)
{
	char err[600] = "";
	struct auth_krb *k = auth_krb_new(c, err, sizeof(err));

	ck_assert_msg(k != NULL, "%s", err);
	return k;
}
