#!/bin/sh
# Print Alertmanager's configuration: one receiver, by webhook, by mail or by both, from the variables of
# docker-compose.observability.yml.
set -eu

fail() {
    echo "$1" >&2
    exit 1
}

# The values stand inside double quotes.
case $LINGJUN_ALERT_WEBHOOK$LINGJUN_ALERT_MAIL$LINGJUN_ALERT_FROM$LINGJUN_ALERT_SMTP$LINGJUN_ALERT_USER$LINGJUN_ALERT_PASSWORD in
    *[\"\\]*) fail "No variable LINGJUN_ALERT_… may contain a quote or a backslash: correct .env." ;;
esac
[ "$LINGJUN_ALERT_WEBHOOK" != none ] || [ "$LINGJUN_ALERT_MAIL" != none ] ||
    fail "No one would get the alerts: set LINGJUN_ALERT_WEBHOOK or LINGJUN_ALERT_MAIL in .env."

cat << YAML
route:
  receiver: office
  group_by: [alertname]
  group_wait: 15s
  group_interval: 2m
  repeat_interval: 4h
receivers:
  - name: office
YAML
if [ "$LINGJUN_ALERT_WEBHOOK" != none ]; then
    printf '    webhook_configs: [{url: "%s"}]\n' "$LINGJUN_ALERT_WEBHOOK"
fi
if [ "$LINGJUN_ALERT_MAIL" != none ]; then
    cat << YAML
    email_configs:
      - to: "$LINGJUN_ALERT_MAIL"
        from: "$LINGJUN_ALERT_FROM"
        smarthost: "$LINGJUN_ALERT_SMTP"
        send_resolved: true
YAML
    if [ "$LINGJUN_ALERT_USER" = none ]; then
        printf '        require_tls: false\n'
    else
        printf '        auth_username: "%s"\n        auth_password: "%s"\n' "$LINGJUN_ALERT_USER" "$LINGJUN_ALERT_PASSWORD"
    fi
fi
