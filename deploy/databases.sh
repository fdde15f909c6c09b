#!/bin/sh
# Create a database and a user for each service, the user `migration`, which owns the databases and their tables, and the user
# `observer`, which reads the server's statistics. No
# service may connect to another service's database or alter a table. Runs at every start of the installation; a repeat only
# sets the passwords to those of .env. Tables of an older installation, owned by the service, get the new owner.
set -eu
export PGHOST="${PGHOST:-postgres}" PGUSER=postgres

run() {
    psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 "$@"
}

set_role() {
    run --dbname postgres --set role="$1" --set password="$2" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" PASSWORD :'password';
SQL
}

set_database() {
    set_role "$1" "$2"
    run --dbname postgres --set service="$1" <<'SQL'
SELECT format('CREATE DATABASE %I OWNER migration', :'service')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'service') \gexec
SQL
    # The new owner also gets the permissions that the old owner had, so the service's own are granted afterwards.
    run --dbname "$1" --set service="$1" <<'SQL'
REASSIGN OWNED BY :"service" TO migration;
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"service";
SQL
}

set_role migration "$LINGJUN_MIGRATION_DATABASE_PASSWORD"
# Reads the server's statistics for Prometheus, and no table of a service.
set_role observer "$LINGJUN_OBSERVER_DATABASE_PASSWORD"
run --dbname postgres --command 'GRANT pg_monitor TO observer'
# [[[cog d.shell_databases() ]]]
set_database intake "$LINGJUN_INTAKE_DATABASE_PASSWORD"
set_database review "$LINGJUN_REVIEW_DATABASE_PASSWORD"
set_database scheduling "$LINGJUN_SCHEDULING_DATABASE_PASSWORD"
set_database billing "$LINGJUN_BILLING_DATABASE_PASSWORD"
set_database portal "$LINGJUN_PORTAL_DATABASE_PASSWORD"
# [[[end]]]
