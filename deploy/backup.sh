#!/usr/bin/env bash
# Back up the installation into a new folder: a dump of each service's database, and the volumes of scans, keys and mail.
# The installation is stopped meanwhile, so that no event is in transit between two dumps. The folder contains the keys, so
# its reader can read everything: protect it like the installation itself. Called by `make backup`.
set -euo pipefail
cd "$(dirname "$0")/.."
source deploy/compose.sh

folder=${1:?usage: deploy/backup.sh NEW-FOLDER}
if [ -e "$folder" ]; then
    log "$folder is there already: name a new folder."
    exit 1
fi

pending() {
    local waiting=0 service
    for service in "${services[@]}"; do
        waiting=$((waiting + $(query "$service" "SELECT count(*) FROM outbox")))
    done
    # Each service's queue and its parked retries. Jobs are rows and are dispatched again after a restore.
    waiting=$((waiting + $($compose exec -T rabbitmq rabbitmqctl --quiet list_queues --vhost lingjun name messages \
        | awk -v names="$(IFS='|'; printf '%s' "${services[*]}")" \
            '$1 ~ "^lingjun[.](" names ")([.]retry[.].*)?$" {sum += $2} END {print sum + 0}')))
    printf '%s' "$waiting"
}

trap 'log "Opening the house again"; $compose up --detach --wait --no-build --quiet-pull > /dev/null 2>&1' EXIT
log "Closing the doors"
$compose stop --timeout 30 gateway $(each web) $(each worker) > /dev/null 2>&1
ends=$((SECONDS + 900))
while left=$(pending); [ "$left" != 0 ]; do
    if [ "$SECONDS" -gt "$ends" ]; then
        log "$left events are still under way after 15 minutes: look at the logs of the buses, then try again."
        exit 1
    fi
    log "Waiting for $left events to be handled"
    sleep 2
done
$compose stop --timeout 30 $(each bus) > /dev/null 2>&1

umask 077
mkdir -p "$folder.part"
for service in "${services[@]}"; do
    log "Database $service"
    $compose exec -T postgres pg_dump --username postgres --format custom "$service" > "$folder.part/$service.dump"
done
log "Scans, keys and mail"
$compose run --rm --no-deps -T volumes sh -c 'cd /volumes && tar --create *' > "$folder.part/volumes.tar"
(cd "$folder.part" && sha256sum -- "${backed_up[@]}" > SHA256SUMS)
mv "$folder.part" "$folder"
log "The backup is in $folder"
