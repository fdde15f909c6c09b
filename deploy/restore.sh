#!/usr/bin/env bash
# Restore an installation from a folder of `make backup`; all later changes are lost. The broker is emptied, because its
# events belong to later changes; databases of an older version are migrated to the code's schema. Called by `make restore`.
set -euo pipefail
cd "$(dirname "$0")/.."
source deploy/compose.sh

folder=${1:?usage: deploy/restore.sh FOLDER}
for name in "${services[@]/%/.dump}" volumes.tar; do
    if [ ! -s "$folder/$name" ]; then
        log "$folder/$name is missing: name a folder that make backup wrote."
        exit 1
    fi
done

log "Closing the house"
$compose stop --timeout 30 gateway $(each web) $(each worker) $(each bus) > /dev/null 2>&1
$compose up --detach --wait --no-build postgres rabbitmq redis > /dev/null 2>&1
# The databases and their users, which a new volume does not have yet.
$compose run --rm --no-deps -T databases > /dev/null
for service in "${services[@]}"; do
    log "Database $service"
    query "$service" "DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION migration"
    $compose exec -T postgres pg_restore --username postgres --dbname "$service" --single-transaction --exit-on-error \
        --no-comments --no-owner --no-privileges --role migration --schema public < "$folder/$service.dump"
done
log "Scans, keys and mail"
$compose run --rm --no-deps -T volumes sh -c 'find /volumes -mindepth 2 -delete && tar --extract --overwrite --directory /volumes' \
    < "$folder/volumes.tar"
log "An empty broker"
broker() { $compose exec -T rabbitmq rabbitmqctl --quiet "$@"; }
broker delete_vhost lingjun
broker import_definitions /tmp/definitions.json
log "Opening the house again"
$compose up --detach --wait --no-build > /dev/null 2>&1
