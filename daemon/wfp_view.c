/* What the views of IPsec SAs and of main modes have in common. */
#include "daemon/wfp_socket.h"

#include <string.h>
#include <wchar.h>

void
wfp_view_name(wchar_t out[WFP_NAME_CHARS], const char *name)
{
	size_t i;

	for (i = 0; i + 1 < WFP_NAME_CHARS && name[i] != '\0'; i++)
		out[i] = (unsigned char)name[i] < 0x80 ? name[i] : L'?';
	out[i] = L'\0';
}

FWP_IP_VERSION
wfp_view_addresses(const struct address *our, const struct address *peers,
    UINT8 local[16], UINT8 remote[16])
{
	UINT32 v4[2] = { wfp_v4(our), wfp_v4(peers) };

	if (our->family != 4) {
		memcpy(local, our->b, 16);
		memcpy(remote, peers->b, 16);
		return FWP_IP_VERSION_V6;
	}
	/* A union of both forms. */
	memcpy(local, &v4[0], sizeof(v4[0]));
	memcpy(remote, &v4[1], sizeof(v4[1]));
	return FWP_IP_VERSION_V4;
}

uint32_t
wfp_match_subnets_check(
    const FWP_CONDITION_VALUE0 *local, const FWP_CONDITION_VALUE0 *remote)
{
	uint32_t error = wfp_match_subnet_check(local);

	return error != 0 ? error : wfp_match_subnet_check(remote);
}

bool
wfp_match_ends(const FWP_CONDITION_VALUE0 *local, const FWP_CONDITION_VALUE0 *remote,
    const struct address *our, const struct address *peers)
{
	return wfp_match_address(local, our) && wfp_match_address(remote, peers);
}
