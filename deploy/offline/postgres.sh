#!/bin/sh
# The start of the public postgres image, as far as docker-compose.yml relies on it: an empty data folder becomes a cluster
# whose superuser has POSTGRES_PASSWORD and which accepts passwords from other hosts; an interrupted first start begins again.
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ] || [ -e "$PGDATA/first-start-unfinished" ]; then
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "POSTGRES_PASSWORD is missing: set it for the owner of the new databases." >&2
        exit 1
    fi
    find "$PGDATA" -mindepth 1 -delete
    mkdir -p /tmp/first
    printf '%s' "$POSTGRES_PASSWORD" > /tmp/first/password
    # POSTGRES_INITDB_ARGS is split into several options.
    # shellcheck disable=SC2086
    initdb --username=postgres --pwfile=/tmp/first/password $POSTGRES_INITDB_ARGS > /tmp/first/log
    rm -r /tmp/first/password
    touch "$PGDATA/first-start-unfinished"
    printf 'host all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
    rm "$PGDATA/first-start-unfinished"
fi
exec postgres -c "listen_addresses=*" "$@"
