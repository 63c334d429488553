/* Quick-mode SAs and statistics: a part of ipsectypes.h. */
#ifndef AUTHIP_IPSECSTATE_H
#define AUTHIP_IPSECSTATE_H

#include "ipsectypes.h"

/* Flags of an SA bundle. Those of a policy are others. */
#define IPSEC_SA_BUNDLE_FLAG_ND_SECURE 0x1u
#define IPSEC_SA_BUNDLE_FLAG_ND_BOUNDARY 0x2u
#define IPSEC_SA_BUNDLE_FLAG_ND_PEER_NAT_BOUNDARY 0x4u
#define IPSEC_SA_BUNDLE_FLAG_GUARANTEE_ENCRYPTION 0x8u
#define IPSEC_SA_BUNDLE_FLAG_NLB 0x10u
#define IPSEC_SA_BUNDLE_FLAG_NO_MACHINE_LUID_VERIFY 0x20u
#define IPSEC_SA_BUNDLE_FLAG_NO_IMPERSONATION_LUID_VERIFY 0x40u
#define IPSEC_SA_BUNDLE_FLAG_NO_EXPLICIT_CRED_MATCH 0x80u
#define IPSEC_SA_BUNDLE_FLAG_ALLOW_NULL_TARGET_NAME_MATCH 0x200u
#define IPSEC_SA_BUNDLE_FLAG_CLEAR_DF_ON_TUNNEL 0x400u
#define IPSEC_SA_BUNDLE_FLAG_ASSUME_UDP_CONTEXT_OUTBOUND 0x800u
#define IPSEC_SA_BUNDLE_FLAG_ND_PEER_BOUNDARY 0x1000u
#define IPSEC_SA_BUNDLE_FLAG_SUPPRESS_DUPLICATE_DELETION 0x2000u
#define IPSEC_SA_BUNDLE_FLAG_PEER_SUPPORTS_GUARANTEE_ENCRYPTION 0x4000u
#define IPSEC_SA_BUNDLE_FLAG_FORCE_INBOUND_CONNECTIONS 0x8000u
#define IPSEC_SA_BUNDLE_FLAG_FORCE_OUTBOUND_CONNECTIONS 0x10000u

struct IPSEC_V4_UDP_ENCAPSULATION0_ {
	UINT16 localUdpEncapPort;
	UINT16 remoteUdpEncapPort;
};

typedef struct IPSEC_TOKEN0_ {
	IPSEC_TOKEN_TYPE type;
	IPSEC_TOKEN_PRINCIPAL principal;
	IPSEC_TOKEN_MODE mode;
	IPSEC_TOKEN_HANDLE token;
} IPSEC_TOKEN0;

typedef struct IPSEC_ID0_ {
	wchar_t *mmTargetName;
	wchar_t *emTargetName;
	UINT32 numTokens;
	IPSEC_TOKEN0 *tokens;
	UINT64 explicitCredentials;
	UINT64 logonId;
} IPSEC_ID0;

typedef struct IPSEC_SA_AUTH_INFORMATION0_ {
	IPSEC_AUTH_TRANSFORM0 authTransform;
	FWP_BYTE_BLOB authKey;
} IPSEC_SA_AUTH_INFORMATION0;

typedef struct IPSEC_SA_CIPHER_INFORMATION0_ {
	IPSEC_CIPHER_TRANSFORM0 cipherTransform;
	FWP_BYTE_BLOB cipherKey;
} IPSEC_SA_CIPHER_INFORMATION0;

typedef struct IPSEC_SA_AUTH_AND_CIPHER_INFORMATION0_ {
	IPSEC_SA_CIPHER_INFORMATION0 saCipherInformation;
	IPSEC_SA_AUTH_INFORMATION0 saAuthInformation;
} IPSEC_SA_AUTH_AND_CIPHER_INFORMATION0;

typedef struct IPSEC_SA0_ {
	IPSEC_SA_SPI spi;
	IPSEC_TRANSFORM_TYPE saTransformType;
	__extension__ union {
		IPSEC_SA_AUTH_INFORMATION0 *ahInformation;
		IPSEC_SA_AUTH_INFORMATION0 *espAuthInformation;
		IPSEC_SA_CIPHER_INFORMATION0 *espCipherInformation;
		IPSEC_SA_AUTH_AND_CIPHER_INFORMATION0 *espAuthAndCipherInformation;
		IPSEC_SA_AUTH_INFORMATION0 *espAuthFwInformation;
	};
} IPSEC_SA0;

typedef struct IPSEC_KEYMODULE_STATE0_ {
	GUID keyModuleKey;
	FWP_BYTE_BLOB stateBlob;
} IPSEC_KEYMODULE_STATE0;

typedef struct IPSEC_SA_BUNDLE0_ {
	UINT32 flags;
	IPSEC_SA_LIFETIME0 lifetime;
	UINT32 idleTimeoutSeconds;
	UINT32 ndAllowClearTimeoutSeconds;
	IPSEC_ID0 *ipsecId;
	UINT32 napContext;
	UINT32 qmSaId;
	UINT32 numSAs;
	IPSEC_SA0 *saList;
	IPSEC_KEYMODULE_STATE0 *keyModuleState;
	FWP_IP_VERSION ipVersion;
	__extension__ union {
		UINT32 peerV4PrivateAddress;
	};
	UINT64 mmSaId;
	IPSEC_PFS_GROUP pfsGroup;
} IPSEC_SA_BUNDLE0;

typedef struct IPSEC_SA_BUNDLE1_ {
	UINT32 flags;
	IPSEC_SA_LIFETIME0 lifetime;
	UINT32 idleTimeoutSeconds;
	UINT32 ndAllowClearTimeoutSeconds;
	IPSEC_ID0 *ipsecId;
	UINT32 napContext;
	UINT32 qmSaId;
	UINT32 numSAs;
	IPSEC_SA0 *saList;
	IPSEC_KEYMODULE_STATE0 *keyModuleState;
	FWP_IP_VERSION ipVersion;
	__extension__ union {
		UINT32 peerV4PrivateAddress;
	};
	UINT64 mmSaId;
	IPSEC_PFS_GROUP pfsGroup;
	GUID saLookupContext;
	UINT64 qmFilterId;
} IPSEC_SA_BUNDLE1;

typedef struct IPSEC_TRAFFIC0_ {
	FWP_IP_VERSION ipVersion;
	__extension__ union {
		UINT32 localV4Address;
		UINT8 localV6Address[16];
	};
	__extension__ union {
		UINT32 remoteV4Address;
		UINT8 remoteV6Address[16];
	};
	IPSEC_TRAFFIC_TYPE trafficType;
	__extension__ union {
		UINT64 ipsecFilterId;
		UINT64 tunnelPolicyId;
	};
	UINT16 remotePort;
} IPSEC_TRAFFIC0;

typedef struct IPSEC_TRAFFIC1_ {
	FWP_IP_VERSION ipVersion;
	__extension__ union {
		UINT32 localV4Address;
		UINT8 localV6Address[16];
	};
	__extension__ union {
		UINT32 remoteV4Address;
		UINT8 remoteV6Address[16];
	};
	IPSEC_TRAFFIC_TYPE trafficType;
	__extension__ union {
		UINT64 ipsecFilterId;
		UINT64 tunnelPolicyId;
	};
	UINT16 remotePort;
	UINT16 localPort;
	UINT8 ipProtocol;
	UINT64 localIfLuid;
	UINT32 realIfProfileId;
} IPSEC_TRAFFIC1;

typedef struct IPSEC_VIRTUAL_IF_TUNNEL_INFO0_ {
	UINT64 virtualIfTunnelId;
	UINT64 trafficSelectorId;
} IPSEC_VIRTUAL_IF_TUNNEL_INFO0;

typedef struct IPSEC_SA_DETAILS0_ {
	FWP_IP_VERSION ipVersion;
	FWP_DIRECTION saDirection;
	IPSEC_TRAFFIC0 traffic;
	IPSEC_SA_BUNDLE0 saBundle;
	__extension__ union {
		IPSEC_V4_UDP_ENCAPSULATION0 *udpEncapsulation;
	};
	FWPM_FILTER0 *transportFilter;
} IPSEC_SA_DETAILS0;

typedef struct IPSEC_SA_DETAILS1_ {
	FWP_IP_VERSION ipVersion;
	FWP_DIRECTION saDirection;
	IPSEC_TRAFFIC1 traffic;
	IPSEC_SA_BUNDLE1 saBundle;
	__extension__ union {
		IPSEC_V4_UDP_ENCAPSULATION0 *udpEncapsulation;
	};
	FWPM_FILTER0 *transportFilter;
	IPSEC_VIRTUAL_IF_TUNNEL_INFO0 *virtualIfTunnelInfo;
} IPSEC_SA_DETAILS1;

typedef struct IPSEC_SA_CONTEXT0_ {
	UINT64 saContextId;
	IPSEC_SA_DETAILS0 *inboundSa;
	IPSEC_SA_DETAILS0 *outboundSa;
} IPSEC_SA_CONTEXT0;

typedef struct IPSEC_SA_CONTEXT1_ {
	UINT64 saContextId;
	IPSEC_SA_DETAILS1 *inboundSa;
	IPSEC_SA_DETAILS1 *outboundSa;
} IPSEC_SA_CONTEXT1;

typedef struct IPSEC_GETSPI0_ {
	IPSEC_TRAFFIC0 inboundIpsecTraffic;
	FWP_IP_VERSION ipVersion;
	__extension__ union {
		IPSEC_V4_UDP_ENCAPSULATION0 *inboundUdpEncapsulation;
	};
	IPSEC_CRYPTO_MODULE_ID *rngCryptoModuleID;
} IPSEC_GETSPI0;

typedef struct IPSEC_GETSPI1_ {
	IPSEC_TRAFFIC1 inboundIpsecTraffic;
	FWP_IP_VERSION ipVersion;
	__extension__ union {
		IPSEC_V4_UDP_ENCAPSULATION0 *inboundUdpEncapsulation;
	};
	IPSEC_CRYPTO_MODULE_ID *rngCryptoModuleID;
} IPSEC_GETSPI1;

typedef struct IPSEC_SA_ENUM_TEMPLATE0_ {
	FWP_DIRECTION saDirection;
} IPSEC_SA_ENUM_TEMPLATE0;

typedef struct IPSEC_SA_CONTEXT_ENUM_TEMPLATE0_ {
	FWP_CONDITION_VALUE0 localSubNet;
	FWP_CONDITION_VALUE0 remoteSubNet;
} IPSEC_SA_CONTEXT_ENUM_TEMPLATE0;

typedef struct IPSEC_AGGREGATE_SA_STATISTICS0_ {
	UINT32 activeSas;
	UINT32 pendingSaNegotiations;
	UINT32 totalSasAdded;
	UINT32 totalSasDeleted;
	UINT32 successfulRekeys;
	UINT32 activeTunnels;
	UINT32 offloadedSas;
} IPSEC_AGGREGATE_SA_STATISTICS0;

typedef struct IPSEC_ESP_DROP_PACKET_STATISTICS0_ {
	UINT32 invalidSpisOnInbound;
	UINT32 decryptionFailuresOnInbound;
	UINT32 authenticationFailuresOnInbound;
	UINT32 replayCheckFailuresOnInbound;
	UINT32 saNotInitializedOnInbound;
} IPSEC_ESP_DROP_PACKET_STATISTICS0;

typedef struct IPSEC_AH_DROP_PACKET_STATISTICS0_ {
	UINT32 invalidSpisOnInbound;
	UINT32 authenticationFailuresOnInbound;
	UINT32 replayCheckFailuresOnInbound;
	UINT32 saNotInitializedOnInbound;
} IPSEC_AH_DROP_PACKET_STATISTICS0;

typedef struct IPSEC_AGGREGATE_DROP_PACKET_STATISTICS0_ {
	UINT32 invalidSpisOnInbound;
	UINT32 decryptionFailuresOnInbound;
	UINT32 authenticationFailuresOnInbound;
	UINT32 udpEspValidationFailuresOnInbound;
	UINT32 replayCheckFailuresOnInbound;
	UINT32 invalidClearTextInbound;
	UINT32 saNotInitializedOnInbound;
	UINT32 receiveOverIncorrectSaInbound;
	UINT32 secureReceivesNotMatchingFilters;
} IPSEC_AGGREGATE_DROP_PACKET_STATISTICS0;

typedef struct IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1_ {
	UINT32 invalidSpisOnInbound;
	UINT32 decryptionFailuresOnInbound;
	UINT32 authenticationFailuresOnInbound;
	UINT32 udpEspValidationFailuresOnInbound;
	UINT32 replayCheckFailuresOnInbound;
	UINT32 invalidClearTextInbound;
	UINT32 saNotInitializedOnInbound;
	UINT32 receiveOverIncorrectSaInbound;
	UINT32 secureReceivesNotMatchingFilters;
	UINT32 totalDropPacketsInbound;
} IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1;

typedef struct IPSEC_TRAFFIC_STATISTICS0_ {
	UINT64 encryptedByteCount;
	UINT64 authenticatedAHByteCount;
	UINT64 authenticatedESPByteCount;
	UINT64 transportByteCount;
	UINT64 tunnelByteCount;
	UINT64 offloadByteCount;
} IPSEC_TRAFFIC_STATISTICS0;

typedef struct IPSEC_TRAFFIC_STATISTICS1_ {
	UINT64 encryptedByteCount;
	UINT64 authenticatedAHByteCount;
	UINT64 authenticatedESPByteCount;
	UINT64 transportByteCount;
	UINT64 tunnelByteCount;
	UINT64 offloadByteCount;
	UINT64 totalSuccessfulPackets;
} IPSEC_TRAFFIC_STATISTICS1;

typedef struct IPSEC_STATISTICS0_ {
	IPSEC_AGGREGATE_SA_STATISTICS0 aggregateSaStatistics;
	IPSEC_ESP_DROP_PACKET_STATISTICS0 espDropPacketStatistics;
	IPSEC_AH_DROP_PACKET_STATISTICS0 ahDropPacketStatistics;
	IPSEC_AGGREGATE_DROP_PACKET_STATISTICS0 aggregateDropPacketStatistics;
	IPSEC_TRAFFIC_STATISTICS0 inboundTrafficStatistics;
	IPSEC_TRAFFIC_STATISTICS0 outboundTrafficStatistics;
} IPSEC_STATISTICS0;

typedef struct IPSEC_STATISTICS1_ {
	IPSEC_AGGREGATE_SA_STATISTICS0 aggregateSaStatistics;
	IPSEC_ESP_DROP_PACKET_STATISTICS0 espDropPacketStatistics;
	IPSEC_AH_DROP_PACKET_STATISTICS0 ahDropPacketStatistics;
	IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1 aggregateDropPacketStatistics;
	IPSEC_TRAFFIC_STATISTICS1 inboundTrafficStatistics;
	IPSEC_TRAFFIC_STATISTICS1 outboundTrafficStatistics;
} IPSEC_STATISTICS1;

/* The names without a version are those of version 0. */
#define IPSEC_V4_UDP_ENCAPSULATION IPSEC_V4_UDP_ENCAPSULATION0
#define IPSEC_TOKEN IPSEC_TOKEN0
#define IPSEC_ID IPSEC_ID0
#define IPSEC_SA_AUTH_INFORMATION IPSEC_SA_AUTH_INFORMATION0
#define IPSEC_SA_CIPHER_INFORMATION IPSEC_SA_CIPHER_INFORMATION0
#define IPSEC_SA_AUTH_AND_CIPHER_INFORMATION IPSEC_SA_AUTH_AND_CIPHER_INFORMATION0
#define IPSEC_SA IPSEC_SA0
#define IPSEC_KEYMODULE_STATE IPSEC_KEYMODULE_STATE0
#define IPSEC_SA_BUNDLE IPSEC_SA_BUNDLE0
#define IPSEC_TRAFFIC IPSEC_TRAFFIC0
#define IPSEC_VIRTUAL_IF_TUNNEL_INFO IPSEC_VIRTUAL_IF_TUNNEL_INFO0
#define IPSEC_SA_DETAILS IPSEC_SA_DETAILS0
#define IPSEC_SA_CONTEXT IPSEC_SA_CONTEXT0
#define IPSEC_GETSPI IPSEC_GETSPI0
#define IPSEC_SA_ENUM_TEMPLATE IPSEC_SA_ENUM_TEMPLATE0
#define IPSEC_SA_CONTEXT_ENUM_TEMPLATE IPSEC_SA_CONTEXT_ENUM_TEMPLATE0
#define IPSEC_AGGREGATE_SA_STATISTICS IPSEC_AGGREGATE_SA_STATISTICS0
#define IPSEC_ESP_DROP_PACKET_STATISTICS IPSEC_ESP_DROP_PACKET_STATISTICS0
#define IPSEC_AH_DROP_PACKET_STATISTICS IPSEC_AH_DROP_PACKET_STATISTICS0
#define IPSEC_AGGREGATE_DROP_PACKET_STATISTICS IPSEC_AGGREGATE_DROP_PACKET_STATISTICS0
#define IPSEC_TRAFFIC_STATISTICS IPSEC_TRAFFIC_STATISTICS0
#define IPSEC_STATISTICS IPSEC_STATISTICS0

#endif
