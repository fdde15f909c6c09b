#!/bin/sh
# Prints what the broker knows about itself, as RabbitMQ's definitions: one virtual host, a user for each service, and limits.
# Read at every start, so that a password changed in .env, or a permission changed here, holds after a restart of rabbitmq.
#
# A service may publish to the exchange of events under its own name alone, read its own queue, and make its queue of jobs;
# the owner declares everything else (shared/messaging/topology.py). What remains is the default exchange, over which
# deliveries are parked and replayed: who may write there may write to any queue, though read none.
set -eu

check() {
    case $2 in *[!0-9A-Za-z_-]* | '')
        echo "$1 must be of letters, digits, - and _: correct .env." >&2
        exit 1
        ;;
    esac
}

user() { printf '{"name": "%s", "password": "%s", "tags": []}' "$1" "$2"; }

permission() {
    printf '{"user": "%s", "vhost": "lingjun", "configure": "%s", "write": "%s", "read": "%s"}' "$1" "$2" "$3" "$4"
}

service() {
    permission "$1" "^lingjun\\\\.$1\\\\.jobs\$" "^(amq\\\\.default|lingjun\\\\.(events|dead|$1\\\\.jobs))\$" \
        "^lingjun\\\\.($1(\\\\.jobs)?$2)\$"
}

own_events() {
    printf '{"user": "%s", "vhost": "lingjun", "exchange": "lingjun.events", "write": "^%s\\\\.", "read": "^$"}' "$1" "$1"
}

policy() {
    printf '{"name": "%s", "vhost": "lingjun", "pattern": "%s", "apply-to": "%s", "priority": 0, "definition": {%s}}' "$@"
}

check LINGJUN_BROKER_PASSWORD "$LINGJUN_BROKER_PASSWORD"
check LINGJUN_INTAKE_BROKER_PASSWORD "$LINGJUN_INTAKE_BROKER_PASSWORD"
check LINGJUN_REVIEW_BROKER_PASSWORD "$LINGJUN_REVIEW_BROKER_PASSWORD"
check LINGJUN_SCHEDULING_BROKER_PASSWORD "$LINGJUN_SCHEDULING_BROKER_PASSWORD"
check LINGJUN_BILLING_BROKER_PASSWORD "$LINGJUN_BILLING_BROKER_PASSWORD"
check LINGJUN_PORTAL_BROKER_PASSWORD "$LINGJUN_PORTAL_BROKER_PASSWORD"
cat <<JSON
{
  "vhosts": [{"name": "lingjun"}],
  "users": [
    $(user lingjun "$LINGJUN_BROKER_PASSWORD"),
    $(user intake "$LINGJUN_INTAKE_BROKER_PASSWORD"),
    $(user review "$LINGJUN_REVIEW_BROKER_PASSWORD"),
    $(user scheduling "$LINGJUN_SCHEDULING_BROKER_PASSWORD"),
    $(user billing "$LINGJUN_BILLING_BROKER_PASSWORD"),
    $(user portal "$LINGJUN_PORTAL_BROKER_PASSWORD")
  ],
  "permissions": [
    $(permission lingjun '^lingjun\\..*' '^(amq\\.default|lingjun\\..*)$' '^lingjun\\..*'),
    $(service intake ''),
    $(service review ''),
    $(service scheduling ''),
    $(service billing ''),
    $(service portal '|dead|log')
  ],
  "topic_permissions": [
    $(own_events intake),
    $(own_events review),
    $(own_events scheduling),
    $(own_events billing),
    $(own_events portal)
  ],
  "policies": [
    $(policy events '^lingjun\\.(intake|review|scheduling|billing|portal)$' quorum_queues \
        '"max-length": 1000000, "overflow": "reject-publish"'),
    $(policy jobs '^lingjun\\..*\\.jobs$' quorum_queues '"max-length": 100000, "overflow": "reject-publish"'),
    $(policy log '^lingjun\\.log$' streams '"max-age": "90D"')
  ]
}
JSON
