# Shared functions of backup.sh, restore.sh and images.sh, sourced in the project folder. COMPOSE sets another compose command with files.
compose=${COMPOSE:-}
if [ -z "$compose" ]; then
    compose="docker compose"
    $compose version > /dev/null 2>&1 || compose=$(command -v docker-compose || echo .venv/bin/docker-compose)
fi
# [[[cog d.shell_services() ]]]
services=(intake review scheduling billing portal)
# [[[end]]]
# The files of a backup, besides SHA256SUMS, which lists them.
backed_up=("${services[@]/%/.dump}" volumes.tar)

log() { printf '%s\n' "$*" >&2; }
each() { printf "%s-$1 " "${services[@]}"; }
query() {
    $compose exec -T --env PGOPTIONS=--client-min-messages=warning postgres \
        psql --username postgres --dbname "$1" --quiet --tuples-only --no-align --command "$2"
}
