/* Main-mode SAs and statistics: a part of iketypes.h. */
#ifndef AUTHIP_IKESTATE_H
#define AUTHIP_IKESTATE_H

#include "iketypes.h"

typedef struct IKEEXT_TRAFFIC0_ {
	FWP_IP_VERSION ipVersion;
	__extension__ union {
		UINT32 localV4Address;
		UINT8 localV6Address[16];
	};
	__extension__ union {
		UINT32 remoteV4Address;
		UINT8 remoteV6Address[16];
	};
	UINT64 authIpFilterId;
} IKEEXT_TRAFFIC0;

typedef struct IKEEXT_COOKIE_PAIR0_ {
	IKEEXT_COOKIE initiator;
	IKEEXT_COOKIE responder;
} IKEEXT_COOKIE_PAIR0;

typedef struct IKEEXT_CERTIFICATE_CREDENTIAL0_ {
	FWP_BYTE_BLOB subjectName;
	FWP_BYTE_BLOB certHash;
	UINT32 flags;
} IKEEXT_CERTIFICATE_CREDENTIAL0;

typedef struct IKEEXT_CERTIFICATE_CREDENTIAL1_ {
	FWP_BYTE_BLOB subjectName;
	FWP_BYTE_BLOB certHash;
	UINT32 flags;
	FWP_BYTE_BLOB certificate;
} IKEEXT_CERTIFICATE_CREDENTIAL1;

typedef struct IKEEXT_NAME_CREDENTIAL0_ {
	wchar_t *principalName;
} IKEEXT_NAME_CREDENTIAL0;

typedef struct IKEEXT_CREDENTIAL0_ {
	IKEEXT_AUTHENTICATION_METHOD_TYPE authenticationMethodType;
	IKEEXT_AUTHENTICATION_IMPERSONATION_TYPE impersonationType;
	__extension__ union {
		IKEEXT_PRESHARED_KEY_AUTHENTICATION0 *presharedKey;
		IKEEXT_CERTIFICATE_CREDENTIAL0 *certificate;
		IKEEXT_NAME_CREDENTIAL0 *name;
	};
} IKEEXT_CREDENTIAL0;

typedef struct IKEEXT_CREDENTIAL1_ {
	IKEEXT_AUTHENTICATION_METHOD_TYPE authenticationMethodType;
	IKEEXT_AUTHENTICATION_IMPERSONATION_TYPE impersonationType;
	__extension__ union {
		IKEEXT_PRESHARED_KEY_AUTHENTICATION1 *presharedKey;
		IKEEXT_CERTIFICATE_CREDENTIAL1 *certificate;
		IKEEXT_NAME_CREDENTIAL0 *name;
	};
} IKEEXT_CREDENTIAL1;

typedef struct IKEEXT_CREDENTIAL_PAIR0_ {
	IKEEXT_CREDENTIAL0 localCredentials;
	IKEEXT_CREDENTIAL0 peerCredentials;
} IKEEXT_CREDENTIAL_PAIR0;

typedef struct IKEEXT_CREDENTIAL_PAIR1_ {
	IKEEXT_CREDENTIAL1 localCredentials;
	IKEEXT_CREDENTIAL1 peerCredentials;
} IKEEXT_CREDENTIAL_PAIR1;

typedef struct IKEEXT_CREDENTIALS0_ {
	UINT32 numCredentials;
	IKEEXT_CREDENTIAL_PAIR0 *credentials;
} IKEEXT_CREDENTIALS0;

typedef struct IKEEXT_CREDENTIALS1_ {
	UINT32 numCredentials;
	IKEEXT_CREDENTIAL_PAIR1 *credentials;
} IKEEXT_CREDENTIALS1;

typedef struct IKEEXT_SA_DETAILS0_ {
	UINT64 saId;
	IKEEXT_KEY_MODULE_TYPE keyModuleType;
	FWP_IP_VERSION ipVersion;
	__extension__ union {
		IPSEC_V4_UDP_ENCAPSULATION0 *v4UdpEncapsulation;
	};
	IKEEXT_TRAFFIC0 ikeTraffic;
	IKEEXT_PROPOSAL0 ikeProposal;
	IKEEXT_COOKIE_PAIR0 cookiePair;
	IKEEXT_CREDENTIALS0 ikeCredentials;
	GUID ikePolicyKey;
	UINT64 virtualIfTunnelId;
} IKEEXT_SA_DETAILS0;

typedef struct IKEEXT_SA_DETAILS1_ {
	UINT64 saId;
	IKEEXT_KEY_MODULE_TYPE keyModuleType;
	FWP_IP_VERSION ipVersion;
	__extension__ union {
		IPSEC_V4_UDP_ENCAPSULATION0 *v4UdpEncapsulation;
	};
	IKEEXT_TRAFFIC0 ikeTraffic;
	IKEEXT_PROPOSAL0 ikeProposal;
	IKEEXT_COOKIE_PAIR0 cookiePair;
	IKEEXT_CREDENTIALS1 ikeCredentials;
	GUID ikePolicyKey;
	UINT64 virtualIfTunnelId;
	FWP_BYTE_BLOB correlationKey;
} IKEEXT_SA_DETAILS1;

typedef struct IKEEXT_SA_ENUM_TEMPLATE0_ {
	FWP_CONDITION_VALUE0 localSubNet;
	FWP_CONDITION_VALUE0 remoteSubNet;
	FWP_BYTE_BLOB localMainModeCertHash;
} IKEEXT_SA_ENUM_TEMPLATE0;

/* Counters of one keying module and one version of IP. */
typedef struct IKEEXT_IP_VERSION_SPECIFIC_KEYMODULE_STATISTICS0_ {
	UINT32 currentActiveMainModes;
	UINT32 totalMainModesStarted;
	UINT32 totalSuccessfulMainModes;
	UINT32 totalFailedMainModes;
	UINT32 totalResponderMainModes;
	UINT32 currentNewResponderMainModes;
	UINT32 currentActiveQuickModes;
	UINT32 totalQuickModesStarted;
	UINT32 totalSuccessfulQuickModes;
	UINT32 totalFailedQuickModes;
	UINT32 totalAcquires;
	UINT32 totalReinitAcquires;
	UINT32 currentActiveExtendedModes;
	UINT32 totalExtendedModesStarted;
	UINT32 totalSuccessfulExtendedModes;
	UINT32 totalFailedExtendedModes;
	UINT32 totalImpersonationExtendedModes;
	UINT32 totalImpersonationMainModes;
} IKEEXT_IP_VERSION_SPECIFIC_KEYMODULE_STATISTICS0;

typedef struct IKEEXT_IP_VERSION_SPECIFIC_KEYMODULE_STATISTICS1_ {
	UINT32 currentActiveMainModes;
	UINT32 totalMainModesStarted;
	UINT32 totalSuccessfulMainModes;
	UINT32 totalFailedMainModes;
	UINT32 totalResponderMainModes;
	UINT32 currentNewResponderMainModes;
	UINT32 currentActiveQuickModes;
	UINT32 totalQuickModesStarted;
	UINT32 totalSuccessfulQuickModes;
	UINT32 totalFailedQuickModes;
	UINT32 totalAcquires;
	UINT32 totalReinitAcquires;
	UINT32 currentActiveExtendedModes;
	UINT32 totalExtendedModesStarted;
	UINT32 totalSuccessfulExtendedModes;
	UINT32 totalFailedExtendedModes;
	UINT32 totalImpersonationExtendedModes;
	UINT32 totalImpersonationMainModes;
} IKEEXT_IP_VERSION_SPECIFIC_KEYMODULE_STATISTICS1;

typedef struct IKEEXT_KEYMODULE_STATISTICS0_ {
	IKEEXT_IP_VERSION_SPECIFIC_KEYMODULE_STATISTICS0 v4Statistics;
	IKEEXT_IP_VERSION_SPECIFIC_KEYMODULE_STATISTICS0 v6Statistics;
	UINT32 errorFrequencyTable[IKEEXT_ERROR_CODE_COUNT];
	UINT32 mainModeNegotiationTime;
	UINT32 quickModeNegotiationTime;
	UINT32 extendedModeNegotiationTime;
} IKEEXT_KEYMODULE_STATISTICS0;

typedef struct IKEEXT_KEYMODULE_STATISTICS1_ {
	IKEEXT_IP_VERSION_SPECIFIC_KEYMODULE_STATISTICS1 v4Statistics;
	IKEEXT_IP_VERSION_SPECIFIC_KEYMODULE_STATISTICS1 v6Statistics;
	UINT32 errorFrequencyTable[IKEEXT_ERROR_CODE_COUNT];
	UINT32 mainModeNegotiationTime;
	UINT32 quickModeNegotiationTime;
	UINT32 extendedModeNegotiationTime;
} IKEEXT_KEYMODULE_STATISTICS1;

typedef struct IKEEXT_IP_VERSION_SPECIFIC_COMMON_STATISTICS0_ {
	UINT32 totalSocketReceiveFailures;
	UINT32 totalSocketSendFailures;
} IKEEXT_IP_VERSION_SPECIFIC_COMMON_STATISTICS0;

typedef struct IKEEXT_IP_VERSION_SPECIFIC_COMMON_STATISTICS1_ {
	UINT32 totalSocketReceiveFailures;
	UINT32 totalSocketSendFailures;
} IKEEXT_IP_VERSION_SPECIFIC_COMMON_STATISTICS1;

typedef struct IKEEXT_COMMON_STATISTICS0_ {
	IKEEXT_IP_VERSION_SPECIFIC_COMMON_STATISTICS0 v4Statistics;
	IKEEXT_IP_VERSION_SPECIFIC_COMMON_STATISTICS0 v6Statistics;
	UINT32 totalPacketsReceived;
	UINT32 totalInvalidPacketsReceived;
	UINT32 currentQueuedWorkitems;
} IKEEXT_COMMON_STATISTICS0;

typedef struct IKEEXT_COMMON_STATISTICS1_ {
	IKEEXT_IP_VERSION_SPECIFIC_COMMON_STATISTICS1 v4Statistics;
	IKEEXT_IP_VERSION_SPECIFIC_COMMON_STATISTICS1 v6Statistics;
	UINT32 totalPacketsReceived;
	UINT32 totalInvalidPacketsReceived;
	UINT32 currentQueuedWorkitems;
} IKEEXT_COMMON_STATISTICS1;

typedef struct IKEEXT_STATISTICS0_ {
	IKEEXT_KEYMODULE_STATISTICS0 ikeStatistics;
	IKEEXT_KEYMODULE_STATISTICS0 authipStatistics;
	IKEEXT_COMMON_STATISTICS0 commonStatistics;
} IKEEXT_STATISTICS0;

typedef struct IKEEXT_STATISTICS1_ {
	IKEEXT_KEYMODULE_STATISTICS1 ikeStatistics;
	IKEEXT_KEYMODULE_STATISTICS1 authipStatistics;
	IKEEXT_KEYMODULE_STATISTICS1 ikeV2Statistics;
	IKEEXT_COMMON_STATISTICS1 commonStatistics;
} IKEEXT_STATISTICS1;

/* The names without a version are those of version 0. */
#define IKEEXT_TRAFFIC IKEEXT_TRAFFIC0
#define IKEEXT_COOKIE_PAIR IKEEXT_COOKIE_PAIR0
#define IKEEXT_CERTIFICATE_CREDENTIAL IKEEXT_CERTIFICATE_CREDENTIAL0
#define IKEEXT_NAME_CREDENTIAL IKEEXT_NAME_CREDENTIAL0
#define IKEEXT_CREDENTIAL IKEEXT_CREDENTIAL0
#define IKEEXT_CREDENTIAL_PAIR IKEEXT_CREDENTIAL_PAIR0
#define IKEEXT_CREDENTIALS IKEEXT_CREDENTIALS0
#define IKEEXT_SA_DETAILS IKEEXT_SA_DETAILS0
#define IKEEXT_SA_ENUM_TEMPLATE IKEEXT_SA_ENUM_TEMPLATE0
#define IKEEXT_IP_VERSION_SPECIFIC_KEYMODULE_STATISTICS \
	IKEEXT_IP_VERSION_SPECIFIC_KEYMODULE_STATISTICS0
#define IKEEXT_KEYMODULE_STATISTICS IKEEXT_KEYMODULE_STATISTICS0
#define IKEEXT_IP_VERSION_SPECIFIC_COMMON_STATISTICS \
	IKEEXT_IP_VERSION_SPECIFIC_COMMON_STATISTICS0
#define IKEEXT_COMMON_STATISTICS IKEEXT_COMMON_STATISTICS0
#define IKEEXT_STATISTICS IKEEXT_STATISTICS0

#endif
