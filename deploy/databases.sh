#!/bin/sh
# Run by the postgres image at the first start of an empty volume: a database and a user for each service,
# and no service may connect to another's.
set -eu

create_database() {
    psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
        --set service="$1" --set password="$2" <<'SQL'
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
}

create_database intake "$LINGJUN_INTAKE_DATABASE_PASSWORD"
create_database review "$LINGJUN_REVIEW_DATABASE_PASSWORD"
create_database scheduling "$LINGJUN_SCHEDULING_DATABASE_PASSWORD"
create_database billing "$LINGJUN_BILLING_DATABASE_PASSWORD"
create_database portal "$LINGJUN_PORTAL_DATABASE_PASSWORD"
