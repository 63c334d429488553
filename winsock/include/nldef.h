/* Types of addresses, for FWPM_CONDITION_IP_LOCAL_ADDRESS_TYPE. */
#ifndef AUTHIP_NLDEF_H
#define AUTHIP_NLDEF_H

typedef enum {
	NlatUnspecified,
	NlatUnicast,
	NlatAnycast,
	NlatMulticast,
	NlatBroadcast,
	NlatInvalid,
} NL_ADDRESS_TYPE,
    *PNL_ADDRESS_TYPE;

#endif
