"""Paths of the sample's list, and the CSRF header of its forms."""

from shared.http.auth import csrf_token

LIST = "/intake/tables/parcels/list"
ACTION = "/intake/tables/_api/parcels/action"
CSRF = {"X-CSRF-Token": csrf_token("s" * 32)}
