/* Status for people. */
#ifndef AUTHIPD_CTL_TABLE_H
#define AUTHIPD_CTL_TABLE_H

#include <jansson.h>

void table_print_status(const json_t *status);
void table_print_event(const json_t *event);

#endif
