#!/bin/sh
# Print the broker's definitions for RabbitMQ: one virtual host, a user for each service, and limits. RabbitMQ loads them at
# every start, so that a changed password in .env, or a changed permission here, takes effect after a restart of rabbitmq.
#
# A service may publish to the events exchange under its own name only, read its own queue, and declare its job queue; the
# owner declares everything else (shared/messaging/topology.py). Every service may also write to the default exchange, which
# parks and replays deliveries: it can therefore write to any queue, but read none of them.
set -eu

# [[[cog d.broker_users() ]]]
services="intake review scheduling billing portal"
further_queues() {
    case $1 in
        portal) printf '%s' '|dead|log' ;;
    esac
}
# [[[end]]]

# Print what the command prints for each service, separated by commas.
each() {
    separator=
    for service in $services; do
        printf '%s' "$separator"
        "$@" "$service"
        separator=', '
    done
}

check() {
    case $2 in *[!0-9A-Za-z_-]* | '')
        echo "$1 must be of letters, digits, - and _: correct .env." >&2
        exit 1
        ;;
    esac
}

variable() { printf 'LINGJUN_%s_BROKER_PASSWORD' "$(printf '%s' "$1" | tr '[:lower:]' '[:upper:]')"; }

password() { eval "printf '%s' \"\$$(variable "$1")\""; }

user() { printf '{"name": "%s", "password": "%s", "tags": []}' "$1" "$2"; }

service_user() { user "$1" "$(password "$1")"; }

permission() {
    printf '{"user": "%s", "vhost": "lingjun", "configure": "%s", "write": "%s", "read": "%s"}' "$1" "$2" "$3" "$4"
}

service_permission() {
    permission "$1" "^lingjun\\\\.$1\\\\.jobs\$" "^(amq\\\\.default|lingjun\\\\.(events|dead|$1\\\\.jobs))\$" \
        "^lingjun\\\\.($1(\\\\.jobs)?$(further_queues "$1"))\$"
}

own_events() {
    printf '{"user": "%s", "vhost": "lingjun", "exchange": "lingjun.events", "write": "^%s\\\\.", "read": "^$"}' "$1" "$1"
}

policy() {
    printf '{"name": "%s", "vhost": "lingjun", "pattern": "%s", "apply-to": "%s", "priority": 0, "definition": {%s}}' "$@"
}

check LINGJUN_BROKER_PASSWORD "$LINGJUN_BROKER_PASSWORD"
for service in $services; do
    check "$(variable "$service")" "$(password "$service")"
done
cat <<JSON
{
  "vhosts": [{"name": "lingjun"}],
  "users": [
    $(user lingjun "$LINGJUN_BROKER_PASSWORD"),
    $(each service_user)
  ],
  "permissions": [
    $(permission lingjun '^lingjun\\..*' '^(amq\\.default|lingjun\\..*)$' '^lingjun\\..*'),
    $(each service_permission)
  ],
  "topic_permissions": [
    $(each own_events)
  ],
  "policies": [
    $(policy events "^lingjun\\\\.($(printf '%s' "$services" | tr ' ' '|'))\$" quorum_queues \
        '"max-length": 1000000, "overflow": "reject-publish"'),
    $(policy jobs '^lingjun\\..*\\.jobs$' quorum_queues '"max-length": 100000, "overflow": "reject-publish"'),
    $(policy log '^lingjun\\.log$' streams '"max-age": "90D"')
  ]
}
JSON
