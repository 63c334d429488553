#!/bin/bash
# Much data over a path of 1280 bytes that no link of a knows of.
# shellcheck source=bulk.sh
. "${BASH_SOURCE[0]%/*}/bulk.sh"

topic_begin
hosts_join_router 1280
bulk path_1280 20971520
