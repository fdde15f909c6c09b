#!/bin/sh
# Print the broker's definitions for RabbitMQ: one virtual host, a user for each service, and limits. RabbitMQ loads them at
# every start, so that a changed password in .env, or a changed permission here, takes effect after a restart of rabbitmq.
#
# A service may publish to the events exchange under its own name only, read its own queue, and declare its job queue; the
# owner declares everything else (shared/messaging/topology.py). Every service may also write to the default exchange, which
# parks and replays deliveries: it can therefore write to any queue, but read none of them.
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
