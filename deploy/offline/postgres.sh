#!/bin/sh
# What the public postgres image does at a start, as far as docker-compose.yml relies on it: an empty data folder becomes a
# cluster whose owner has POSTGRES_PASSWORD and whose first scripts have run; a start that was cut short begins again.
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ] || [ -e "$PGDATA/first-start-unfinished" ]; then
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "POSTGRES_PASSWORD is missing: set it for the owner of the new databases." >&2
        exit 1
    fi
    find "$PGDATA" -mindepth 1 -delete
    mkdir -p /tmp/first
    printf '%s' "$POSTGRES_PASSWORD" > /tmp/first/password
    # The words of POSTGRES_INITDB_ARGS are options of their own.
    # shellcheck disable=SC2086
    initdb --username=postgres --pwfile=/tmp/first/password $POSTGRES_INITDB_ARGS > /tmp/first/log
    rm -r /tmp/first/password
    touch "$PGDATA/first-start-unfinished"
    printf 'host all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
    # By the socket only, so that nobody finds the server before its databases are there.
    PGPASSWORD=$POSTGRES_PASSWORD
    export PGPASSWORD
    pg_ctl --wait --silent --options="-c listen_addresses=''" start
    for script in /docker-entrypoint-initdb.d/*.sh; do
        sh "$script"
    done
    pg_ctl --wait --silent --mode=fast stop
    rm "$PGDATA/first-start-unfinished"
fi
exec postgres -c "listen_addresses=*" "$@"
