/* Ticket caches of users: which files are opened, and for whom. */
#include <sys/stat.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/user_cache.h"
#include "tests/unit/check_keeper.h"

/* Tickets of users: plain files of theirs, and nothing else. */
START_TEST(caches_of_users)
{
	char folder[] = "/tmp/check_keeper.XXXXXX", pattern[64], file[64], other[64], got[4];
	uint32_t uid = getuid() != 0 ? getuid() : 12345;
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(pattern, sizeof(pattern), "%s/cc_%%{uid}", folder);
	snprintf(file, sizeof(file), "%s/cc_%u", folder, uid);
	snprintf(other, sizeof(other), "%s/cc_%u", folder, uid + 1);
	ck_assert_int_eq(user_cache_open(pattern, uid), -ENOENT);
	ck_assert_int_ge(fd = open(file, O_CREAT | O_RDWR, 0600), 0);
	ck_assert_int_eq(write(fd, "abc", 3), 3);
	ck_assert(getuid() != 0 || fchown(fd, uid, 0) == 0);
	close(fd);
	ck_assert_int_ge(fd = user_cache_open(pattern, uid), 0);
	ck_assert_int_eq(pread(fd, got, sizeof(got), 0), 3);
	ck_assert_mem_eq(got, "abc", 3);
	ck_assert_int_eq(write(fd, "x", 1), -1);
	close(fd);
	ck_assert_int_eq(rename(file, other), 0); /* of another user */
	ck_assert_int_eq(user_cache_open(pattern, uid + 1), -EPERM);
	ck_assert_int_eq(symlink(other, file), 0);
	ck_assert_int_eq(user_cache_open(pattern, uid), -EPERM);
	unlink(file);
	ck_assert_int_eq(rename(other, file), 0);
	ck_assert_int_eq(chmod(file, 0620), 0);
	ck_assert_int_eq(user_cache_open(pattern, uid), -EPERM);
	ck_assert_int_eq(chmod(file, 0600), 0);
	ck_assert_int_eq(truncate(file, USER_CACHE_MAX_BYTES + 1), 0);
	ck_assert_int_eq(user_cache_open(pattern, uid), -EFBIG);
	unlink(file);
	ck_assert_int_eq(mkfifo(file, 0600), 0); /* nobody waits for a writer */
	ck_assert(getuid() != 0 || chown(file, uid, 0) == 0);
	ck_assert_int_eq(user_cache_open(pattern, uid), -EPERM);
	unlink(file);
	rmdir(folder);
	ck_assert_int_eq(user_cache_open("/tmp/cc", uid), -EINVAL);
}
END_TEST

/* Auth asks for users only, and nobody else asks. */
START_TEST(who_asks_for_caches)
{
	struct proto_cache m;

	memset(&m, 0, sizeof(m));
	m.handle = 7;
	m.uid = 4000000;
	rig_begin(false);
	rig_say(ROLE_AUTH, PROTO_CACHE_ASK, &m, sizeof(m), -1);
	ck_assert_uint_eq(rig_hear(ROLE_AUTH, &m, sizeof(m)), PROTO_CACHE_REPLY);
	ck_assert_uint_eq(m.handle, 7);
	ck_assert_uint_ne(m.error, 0);
	rig_say(ROLE_AUTH, PROTO_CACHE_ASK, &m, sizeof(m) - 1, -1);
	keeper_expect_distrust(ROLE_AUTH);
	rig_begin(false);
	rig_say(ROLE_NEGOTIATOR, PROTO_CACHE_ASK, &m, sizeof(m), -1);
	keeper_expect_distrust(ROLE_NEGOTIATOR);
	rig_begin(false);
	m.uid = 0;
	rig_say(ROLE_AUTH, PROTO_CACHE_ASK, &m, sizeof(m), -1);
	keeper_expect_distrust(ROLE_AUTH);
}
END_TEST

TCase *
keeper_cache_cases(void)
{
	TCase *t = tcase_create("keeper cache");

	tcase_add_test(t, caches_of_users);
	tcase_add_test(t, who_asks_for_caches);
	return t;
}
