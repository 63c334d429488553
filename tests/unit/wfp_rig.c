/* The daemon's side of check_wfp, in a thread; and policies to begin with. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/api_server.h"
#include "daemon/wfp_state.h"
#include "tests/unit/wfp_rig.h"

static char dir[] = "/tmp/check_wfp.XXXXXX";
static struct api_server *server;
static struct event *stop;
static pthread_t thread;
static int stop_pipe[2];

static void *
serve(void *arg)
{
	event_base_loop(arg, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

static void
on_stop(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(ctx);
}

void
wfp_setup(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	rig_setup();
	rig.n.wfp = wfp_new(&rig.n);
	ck_assert_ptr_nonnull(rig.n.wfp);
	server = api_server_new(&rig.n);
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert_int_eq(setenv("AUTHIPD_RUN_DIR", dir, 1), 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/" AIP_API_SOCKET, dir);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(chmod(a.sun_path, 0666), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	api_server_listen(server, fd);
	ck_assert_int_eq(pipe(stop_pipe), 0);
	stop = event_new(rig.base, stop_pipe[0], EV_READ, on_stop, rig.base);
	event_add(stop, NULL);
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, rig.base), 0);
}

void
wfp_teardown(void)
{
	char path[128];

	ck_assert_int_eq(write(stop_pipe[1], "x", 1), 1);
	pthread_join(thread, NULL);
	event_free(stop);
	close(stop_pipe[0]);
	close(stop_pipe[1]);
	api_server_free(server);
	wfp_free(rig.n.wfp);
	rig_teardown();
	snprintf(path, sizeof(path), "%s/" AIP_API_SOCKET, dir);
	unlink(path);
	rmdir(dir);
}

HANDLE
wfp_open(UINT32 flags)
{
	FWPM_SESSION0 s = { .flags = flags, .txnWaitTimeoutInMSec = 200 };
	HANDLE h = NULL;

	ck_assert_uint_eq(FwpmEngineOpen0(NULL, RPC_C_AUTHN_DEFAULT, NULL, &s, &h), 0);
	ck_assert_ptr_nonnull(h);
	return h;
}

DWORD
wfp_as_user(uid_t uid, DWORD (*f)(void))
{
	int p[2];
	DWORD result = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(p), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (setgid(uid) != 0 || setuid(uid) != 0)
			_exit(1);
		result = f();
		_exit(write(p[1], &result, sizeof(result)) != sizeof(result));
	}
	close(p[1]);
	ck_assert_int_eq(read(p[0], &result, sizeof(result)), sizeof(result));
	close(p[0]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	return result;
}

/* The end of a connection takes its time; the list is looked at, never followed, meanwhile. */
void
wfp_wait_contexts(size_t n)
{
	HANDLE h = wfp_open(0), e;
	FWPM_PROVIDER_CONTEXT0 **list;
	UINT32 count = 0;

	for (int i = 0; i < 500; i++) {
		ck_assert_uint_eq(FwpmProviderContextCreateEnumHandle0(h, NULL, &e), 0);
		ck_assert_uint_eq(
		    FwpmProviderContextEnum0(h, e, 0xffffffff, &list, &count), 0);
		FwpmFreeMemory0((void **)&list);
		ck_assert_uint_eq(FwpmProviderContextDestroyEnumHandle0(h, e), 0);
		if (count == n)
			break;
		usleep(10000);
	}
	ck_assert_uint_eq(count, n);
	FwpmEngineClose0(h);
}

/* ---- policies ---- */

void
wfp_sample_mm(struct mm_sample *s)
{
	static wchar_t name[] = L"main mode", text[] = L"of a test";

	memset(s, 0, sizeof(*s));
	s->provider = (GUID){ 7, 8, 9, { 1, 2, 3, 4, 5, 6, 7, 8 } };
	s->method[0].authenticationMethodType = IKEEXT_ANONYMOUS;
	s->proposal[0] = (IKEEXT_PROPOSAL0){ { IKEEXT_CIPHER_AES_256, 256, 1 },
		{ IKEEXT_INTEGRITY_SHA_384 }, 600, IKEEXT_DH_ECP_384, 5 };
	s->proposal[1] = (IKEEXT_PROPOSAL0){ { IKEEXT_CIPHER_AES_128, 0, 0 },
		{ IKEEXT_INTEGRITY_SHA_256 }, 1200, IKEEXT_DH_ECP_256, 3 };
	s->policy = (IKEEXT_POLICY0){ 77, 1, s->method, IKEEXT_IMPERSONATION_NONE, 2,
		s->proposal, IKEEXT_POLICY_FLAG_ENABLE_OPTIONAL_DH, 4 };
	s->context.displayData = (FWPM_DISPLAY_DATA0){ name, text };
	s->context.providerKey = &s->provider;
	s->context.providerData = (FWP_BYTE_BLOB){ 3, (UINT8 *)"\1\2\3" };
	s->context.type = FWPM_IPSEC_AUTHIP_MM_CONTEXT;
	s->context.authIpMmPolicy = &s->policy;
}

void
wfp_sample_qm(struct qm_sample *s)
{
	static wchar_t name[] = L"quick mode \u00e4";
	static UINT8 der[] = { 0x30, 0x03, 0x01, 0x02, 0x03 };

	memset(s, 0, sizeof(*s));
	s->both[0].authTransform.authTransformId = (IPSEC_AUTH_TRANSFORM_ID0){ 2, 2 };
	s->both[0].cipherTransform.cipherTransformId =
	    (IPSEC_CIPHER_TRANSFORM_ID0){ 5, 5 };
	s->both[1].authTransform.authTransformId = (IPSEC_AUTH_TRANSFORM_ID0){ 1, 1 };
	s->transform[0][0].ipsecTransformType = IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER;
	s->transform[0][0].espAuthAndCipherTransform = &s->both[0];
	s->transform[1][0].ipsecTransformType = IPSEC_TRANSFORM_AH;
	s->transform[1][0].ahTransform = &s->both[1].authTransform;
	s->proposal[0] = (IPSEC_PROPOSAL0){ { 900, 2048, 0x7fffffff }, 1,
		s->transform[0], IPSEC_PFS_ECP_256 };
	s->proposal[1] = (IPSEC_PROPOSAL0){ { 3600, 57671680, 0x7fffffff }, 1,
		s->transform[1], IPSEC_PFS_ECP_256 };
	s->root[0] = (IKEEXT_CERT_ROOT_CONFIG0){ { sizeof(der), der }, 1 };
	s->root[1] = (IKEEXT_CERT_ROOT_CONFIG0){ { 2, der }, 2 };
	s->method[0].authenticationMethodType = IKEEXT_SSL;
	s->method[0].sslAuthentication.inboundConfigType =
	    IKEEXT_CERT_CONFIG_EXPLICIT_TRUST_LIST;
	s->method[0].sslAuthentication.inboundRootArraySize = 2;
	s->method[0].sslAuthentication.inboundRootArray = s->root;
	s->method[0].sslAuthentication.outboundConfigType =
	    IKEEXT_CERT_CONFIG_TRUSTED_ROOT_STORE;
	s->method[0].sslAuthentication.outboundTrustedRootStoreConfig = s->root;
	s->method[0].sslAuthentication.flags = 2;
	s->method[1].authenticationMethodType = IKEEXT_KERBEROS;
	s->method[1].kerberosAuthentication.flags = 1;
	s->em =
	    (IKEEXT_EM_POLICY0){ 2, s->method, IKEEXT_IMPERSONATION_SOCKET_PRINCIPAL };
	s->policy = (IPSEC_TRANSPORT_POLICY0){ 2, s->proposal,
		IPSEC_POLICY_FLAG_ND_BOUNDARY, 20, { 111, 22 }, &s->em };
	s->context.displayData.name = name;
	s->context.type = FWPM_IPSEC_AUTHIP_QM_TRANSPORT_CONTEXT;
	s->context.authipQmTransportPolicy = &s->policy;
}
