# What backup.sh and restore.sh share; sourced in the project's folder. COMPOSE names another compose command, with its files.
compose=${COMPOSE:-}
if [ -z "$compose" ]; then
    compose="docker compose"
    $compose version > /dev/null 2>&1 || compose=$(command -v docker-compose || echo .venv/bin/docker-compose)
fi
services=(intake review scheduling billing portal)

say() { printf '%s\n' "$*" >&2; }
each() { printf "%s-$1 " "${services[@]}"; }
query() {
    $compose exec -T --env PGOPTIONS=--client-min-messages=warning postgres \
        psql --username postgres --dbname "$1" --quiet --tuples-only --no-align --command "$2"
}
