/*
 * Evidence for a report: packets, events, status before and after, and if asked for the
 * session keys, in one archive. tcpdump and tar do their part.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/ctl/command.h"

#define PATH_BYTES 256
#define HELPERS 3
#define SETTLE_MS 300

static const char packets_wanted[] = "udp port 500 or udp port 4500 or esp or ah";
/* What the archive may hold, and all that is removed in the end. */
static const char *const members[] = { "status-before.json", "status-after.json",
	"events.jsonl", "packets.pcap", "esp_sa", "ikev1_decryption_table",
	"tcpdump.log" };

struct capture {
	const struct options *o;
	char dir[PATH_BYTES];
	pid_t helper[HELPERS]; /* tcpdump, monitor, keylog */
	sigset_t ends;	       /* what ends the capture: blocked but in helpers */
	sigset_t before;
};

static void
member_path(const struct capture *c, const char *name, char *out, size_t n)
{
	(void)snprintf(out, n, "%s/%s", c->dir, name);
}

/* In a child: descriptor fd writes to a member of the archive from now on. */
static void
redirect(const struct capture *c, int fd, const char *name)
{
	char path[PATH_BYTES + 64];
	int to;

	member_path(c, name, path, sizeof(path));
	to = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (to < 0 || dup2(to, fd) < 0)
		_exit(EXIT_FAILED);
	close(to);
}

/* Runs one of our own commands with its output in a member. */
static pid_t
start_command(
    const struct capture *c, const char *name, int (*run)(const struct options *))
{
	struct options o = *c->o;
	pid_t pid;

	fflush(NULL);
	if ((pid = fork()) != 0)
		return pid;
	(void)sigprocmask(SIG_SETMASK, &c->before, NULL);
	o.json = true;
	o.dir = c->dir;
	if (name != NULL)
		redirect(c, STDOUT_FILENO, name);
	exit(run(&o));
}

static pid_t
start_tcpdump(const struct capture *c)
{
	char path[PATH_BYTES + 64];
	pid_t pid;

	member_path(c, "packets.pcap", path, sizeof(path));
	if ((pid = fork()) != 0)
		return pid;
	(void)sigprocmask(SIG_SETMASK, &c->before, NULL);
	redirect(c, STDERR_FILENO, "tcpdump.log");
	execlp("tcpdump", "tcpdump", "-i", "any", "-s", "0", "-U", "-w", path,
	    packets_wanted, (char *)NULL);
	fprintf(stderr, "cannot run tcpdump: %s\n", strerror(errno));
	_exit(EXIT_FAILED);
}

/* What the child exited with; EXIT_FAILED if it did not. */
static int
wait_for(pid_t pid)
{
	int status;

	if (pid <= 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return EXIT_FAILED;
	return WEXITSTATUS(status);
}

static void
sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* Until it is interrupted, or for so many seconds. */
static void
wait_for_user(const sigset_t *ends, long seconds)
{
	struct timespec t = { seconds, 0 };

	if (seconds > 0)
		(void)sigtimedwait(ends, NULL, &t);
	else
		(void)sigwaitinfo(ends, NULL);
}

/* No link is followed, and a file that is there already is for its owner alone from now on. */
static int
archive_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0 && fchmod(fd, 0600) == 0)
		return fd;
	fprintf(stderr, "authipctl: cannot write %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
archive(const struct capture *c)
{
	int fd = archive_open(c->o->out);
	pid_t pid = fd >= 0 ? fork() : -1;

	if (pid == 0) {
		if (dup2(fd, STDOUT_FILENO) < 0)
			_exit(EXIT_FAILED);
		execlp("tar", "tar", "-czf", "-", "-C", c->dir, ".", (char *)NULL);
		fprintf(stderr, "authipctl: cannot run tar: %s\n", strerror(errno));
		_exit(EXIT_FAILED);
	}
	if (fd >= 0)
		close(fd);
	return wait_for(pid) == 0 ? EXIT_OK : EXIT_FAILED;
}

static void
clean_up(const struct capture *c)
{
	char path[PATH_BYTES + 64];

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		member_path(c, members[i], path, sizeof(path));
		(void)unlink(path);
	}
	(void)rmdir(c->dir);
}

/* The helpers end with the signal that they expect. */
static void
stop_helpers(const struct capture *c)
{
	for (size_t i = 0; i < HELPERS; i++)
		if (c->helper[i] > 0)
			(void)kill(c->helper[i], SIGTERM);
	for (size_t i = 0; i < HELPERS; i++)
		(void)wait_for(c->helper[i]);
}

static int
run_capture(struct capture *c)
{
	int r = wait_for(start_command(c, "status-before.json", command_status));

	if (r != EXIT_OK)
		return r;
	c->helper[0] = start_tcpdump(c);
	c->helper[1] = start_command(c, "events.jsonl", command_monitor);
	if (c->o->keys)
		c->helper[2] = start_command(c, NULL, command_keylog);
	sleep_ms(SETTLE_MS);
	if (waitpid(c->helper[0], NULL, WNOHANG) != 0 ||
	    (c->o->keys && waitpid(c->helper[2], NULL, WNOHANG) != 0)) {
		fprintf(stderr, "authipctl: %s\n",
		    c->o->keys ?
			"tcpdump did not start, or there is no key log" :
			"tcpdump did not start: is it installed, are you root?");
		stop_helpers(c);
		return EXIT_FAILED;
	}
	fprintf(stderr, "capturing%s\n", c->o->seconds > 0 ? "" : ": interrupt to end");
	wait_for_user(&c->ends, c->o->seconds);
	sleep_ms(SETTLE_MS);
	stop_helpers(c);
	(void)wait_for(start_command(c, "status-after.json", command_status));
	return archive(c);
}

int
command_capture(const struct options *o)
{
	struct capture c = { .o = o };
	const char *tmp = getenv("TMPDIR");
	int r;

	if (o->out == NULL) {
		fprintf(stderr, "authipctl: capture needs --out FILE\n");
		return usage(stderr);
	}
	if (snprintf(c.dir, sizeof(c.dir), "%s/authipctl.XXXXXX",
		tmp != NULL ? tmp : "/tmp") >= (int)sizeof(c.dir) ||
	    mkdtemp(c.dir) == NULL) {
		fprintf(stderr, "authipctl: cannot make a directory in %s: %s\n",
		    tmp != NULL ? tmp : "/tmp", strerror(errno));
		return EXIT_FAILED;
	}
	sigemptyset(&c.ends);
	sigaddset(&c.ends, SIGINT);
	sigaddset(&c.ends, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &c.ends, &c.before);
	r = run_capture(&c);
	clean_up(&c);
	(void)sigprocmask(SIG_SETMASK, &c.before, NULL);
	if (r == EXIT_OK)
		printf("%s\n", o->out);
	return r;
}
