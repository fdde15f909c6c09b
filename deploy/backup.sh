#!/usr/bin/env bash
# Writes everything that the house knows into a new folder: a dump of each service's database, and the volumes of scans,
# keys and mail. The house is closed meanwhile, so that no event lies between two dumps. Whoever has the folder can read
# everything: keep it as safe as the house. Called by `make backup`.
set -euo pipefail
cd "$(dirname "$0")/.."
source deploy/compose.sh

folder=${1:?usage: deploy/backup.sh NEW-FOLDER}
if [ -e "$folder" ]; then
    say "$folder is there already: name a new folder."
    exit 1
fi

under_way() {
    local waiting=0 service
    for service in "${services[@]}"; do
        waiting=$((waiting + $(query "$service" "SELECT count(*) FROM outbox")))
    done
    # The service's queue and its parked retries; jobs are rows, and are handed out again.
    waiting=$((waiting + $($compose exec -T rabbitmq rabbitmqctl --quiet list_queues --vhost lingjun name messages \
        | awk '$1 ~ /^lingjun\.(intake|review|scheduling|billing|portal)(\.retry\..*)?$/ {sum += $2} END {print sum + 0}')))
    printf '%s' "$waiting"
}

trap 'say "Opening the house again"; $compose up --detach --wait --no-build --quiet-pull > /dev/null 2>&1' EXIT
say "Closing the doors"
$compose stop --timeout 30 gateway $(each web) $(each worker) > /dev/null 2>&1
ends=$((SECONDS + 900))
while left=$(under_way); [ "$left" != 0 ]; do
    if [ "$SECONDS" -gt "$ends" ]; then
        say "$left events are still under way after 15 minutes: look at the logs of the buses, then try again."
        exit 1
    fi
    say "Waiting for $left events to be handled"
    sleep 2
done
$compose stop --timeout 30 $(each bus) > /dev/null 2>&1

umask 077
mkdir -p "$folder.part"
for service in "${services[@]}"; do
    say "Database $service"
    $compose exec -T postgres pg_dump --username postgres --format custom "$service" > "$folder.part/$service.dump"
done
say "Scans, keys and mail"
$compose run --rm --no-deps -T volumes sh -c 'cd /volumes && tar --create *' > "$folder.part/volumes.tar"
mv "$folder.part" "$folder"
say "The backup is in $folder"
