/*
 * Looks at everything that the engine shows, deletes the first pair and the first main mode,
 * or prints statistics.
 *
 *	nt_wfp list		"N contexts N filters N pairs N sas N main modes"
 *	nt_wfp delete		errors of IPsecSaContextDeleteById and IkeextSaDeleteById
 *	nt_wfp keys		how many pairs, and how many bytes of keys they show
 *	nt_wfp statistics	active SAs, SAs added, main modes, bytes in, bytes out, packets
 *				of unknown SAs, main modes of IKE, rekeys
 */
#include <fwpmu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static HANDLE engine;

static void
must(DWORD error)
{
	if (error == 0)
		return;
	printf("error %#x\n", error);
	exit(1);
}

/* Enumerates one by one. */
#define COUNT(name, Object)                                                         \
	static UINT32 name(void)                                                    \
	{                                                                           \
		UINT32 total = 0, n;                                                \
		HANDLE list;                                                        \
                                                                                    \
		must(Object##CreateEnumHandle0(engine, NULL, &list));               \
		do {                                                                \
			void **entries;                                             \
                                                                                    \
			must(Object##Enum0(engine, list, 1, (void *)&entries, &n)); \
			total += n;                                                 \
			FwpmFreeMemory0((void **)&entries);                         \
		} while (n == 1);                                                   \
		must(Object##DestroyEnumHandle0(engine, list));                     \
		return total;                                                       \
	}
COUNT(count_contexts, FwpmProviderContext)
COUNT(count_filters, FwpmFilter)
COUNT(count_pairs, IPsecSaContext)
COUNT(count_sas, IPsecSa)
COUNT(count_main_modes, IkeextSa)

/* Ids that exist, or of a user who sees none, a guess. */
static void
delete_first(void)
{
	IPSEC_SA_CONTEXT0 **pairs, *again = NULL;
	IKEEXT_SA_DETAILS0 **modes;
	UINT64 pair = 1, mode = 1;
	DWORD errors[2];
	HANDLE list;
	UINT32 n;

	must(IPsecSaContextCreateEnumHandle0(engine, NULL, &list));
	must(IPsecSaContextEnum0(engine, list, 1, &pairs, &n));
	if (n > 0)
		pair = pairs[0]->saContextId;
	FwpmFreeMemory0((void **)&pairs);
	must(IkeextSaCreateEnumHandle0(engine, NULL, &list));
	must(IkeextSaEnum0(engine, list, 1, &modes, &n));
	if (n > 0)
		mode = modes[0]->saId;
	FwpmFreeMemory0((void **)&modes);
	errors[0] = IPsecSaContextDeleteById0(engine, pair);
	if (errors[0] == 0 &&
	    IPsecSaContextGetById0(engine, pair, &again) != FWP_E_NOT_FOUND)
		errors[0] = FWP_E_IN_USE;
	errors[1] = IkeextSaDeleteById0(engine, mode);
	printf("%u %u\n", errors[0], errors[1]);
}

static UINT32
key_bytes(const IPSEC_SA_DETAILS1 *d)
{
	const IPSEC_SA0 *sa = &d->saBundle.saList[0];
	const IPSEC_SA_AUTH_AND_CIPHER_INFORMATION0 *both =
	    sa->espAuthAndCipherInformation;

	if (sa->saTransformType == IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER)
		return both->saAuthInformation.authKey.size +
		       both->saCipherInformation.cipherKey.size;
	return sa->ahInformation->authKey.size;
}

static void
keys(void)
{
	IPSEC_SA_CONTEXT1 **pairs;
	UINT32 n, bytes = 0;
	HANDLE list;

	must(IPsecSaContextCreateEnumHandle0(engine, NULL, &list));
	must(IPsecSaContextEnum1(engine, list, 0xffffffff, &pairs, &n));
	for (UINT32 i = 0; i < n; i++)
		bytes +=
		    key_bytes(pairs[i]->inboundSa) + key_bytes(pairs[i]->outboundSa);
	printf("%u pairs %u bytes\n", n, bytes);
	FwpmFreeMemory0((void **)&pairs);
}

static void
statistics(void)
{
	IKEEXT_STATISTICS0 ike;
	IPSEC_STATISTICS0 ipsec;

	must(IPsecGetStatistics0(engine, &ipsec));
	must(IkeextGetStatistics0(engine, &ike));
	printf("%u %u %u %llu %llu %u %u %u\n", ipsec.aggregateSaStatistics.activeSas,
	    ipsec.aggregateSaStatistics.totalSasAdded,
	    ike.authipStatistics.v4Statistics.totalSuccessfulMainModes,
	    (unsigned long long)ipsec.inboundTrafficStatistics.transportByteCount,
	    (unsigned long long)ipsec.outboundTrafficStatistics.transportByteCount,
	    ipsec.espDropPacketStatistics.invalidSpisOnInbound,
	    ike.ikeStatistics.v4Statistics.totalSuccessfulMainModes,
	    ipsec.aggregateSaStatistics.successfulRekeys);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	must(FwpmEngineOpen0(NULL, RPC_C_AUTHN_DEFAULT, NULL, NULL, &engine));
	if (strcmp(argv[1], "list") == 0)
		printf("%u contexts %u filters %u pairs %u sas %u main modes\n",
		    count_contexts(), count_filters(), count_pairs(), count_sas(),
		    count_main_modes());
	else if (strcmp(argv[1], "delete") == 0)
		delete_first();
	else if (strcmp(argv[1], "keys") == 0)
		keys();
	else
		statistics();
	must(FwpmEngineClose0(engine));
	return 0;
}
