"""Where the sample's list is, and what a form sends along."""

from shared.http.auth import csrf_token

LIST = "/intake/tables/parcels/list"
ACTION = "/intake/tables/_api/parcels/action"
CSRF = {"X-CSRF-Token": csrf_token("s" * 32)}
