#!/usr/bin/env bash
# Restore an installation from a folder of `make backup`; all later changes are lost. The broker is emptied, because its
# events belong to later changes; databases of an older version are migrated to the code's schema. Called by `make restore`.
set -euo pipefail
cd "$(dirname "$0")/.."
source deploy/compose.sh

folder=${1:?usage: deploy/restore.sh FOLDER}
# Every file is read before anything is stopped or deleted: a damaged backup leaves the installation as it is.
for name in "${backed_up[@]}" SHA256SUMS; do
    if [ ! -s "$folder/$name" ]; then
        log "$folder/$name is missing: name a folder that make backup wrote. Nothing was changed."
        exit 1
    fi
done
if ! differing=$(diff <(cd "$folder" && sha256sum -- "${backed_up[@]}") "$folder/SHA256SUMS"); then
    log "The files in $folder are not those that make backup wrote: name an undamaged backup. Nothing was changed." "$differing"
    exit 1
fi

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
# All is extracted beside the present files before these are deleted: no keys are lost if the disk is full or the archive ends.
$compose run --rm --no-deps -T volumes sh -euc '
    cd /volumes
    rm -rf -- */.restoring
    tar --extract --transform "flags=r;s,^\([^/]*\)/,\1/.restoring/,"
    for volume in *; do
        find "$volume" -mindepth 1 -maxdepth 1 ! -name .restoring -exec rm -rf -- {} +
        test ! -d "$volume/.restoring" || find "$volume/.restoring" -mindepth 1 -maxdepth 1 -exec mv -t "$volume" -- {} +
        rm -rf -- "$volume/.restoring"
    done' < "$folder/volumes.tar"
log "An empty broker"
broker() { $compose exec -T rabbitmq rabbitmqctl --quiet "$@"; }
broker delete_vhost lingjun
broker import_definitions /tmp/definitions.json
log "Opening the house again"
$compose up --detach --wait --no-build > /dev/null 2>&1
