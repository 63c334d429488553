/* Number to name, from the tables of names.h. */
#include "ike/names.h"

#define NAME_CASE(id, number, name) \
	case number:                \
		return name;

const char *
ike_payload_name(unsigned type)
{
	switch (type) {
		IKE_PAYLOADS(NAME_CASE)
	}
	return "unknown";
}

const char *
ike_exchange_name(unsigned type)
{
	switch (type) {
		IKE_EXCHANGES(NAME_CASE)
	}
	return "unknown";
}

const char *
ike_notify_name(unsigned type)
{
	switch (type) {
		IKE_NOTIFIES(NAME_CASE)
	}
	return "unknown";
}
