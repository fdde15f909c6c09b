"""The door to whoever issues invoices. Called by billing's tasks; LINGJUN_INVOICE_CONNECTOR names the connector."""

import os
from collections.abc import Callable, Mapping

from redis import Redis

from services.billing.connectors.fake import FakeConnector
from services.billing.connectors.interface import InvoiceConnector
from shared.context import Tools

_CONNECTORS: Mapping[str, Callable[[Redis], InvoiceConnector]] = {"fake": FakeConnector}


def make_connector(tools: Tools) -> InvoiceConnector:
    """The connector of this installation. Raises KeyError for a name that none has."""
    return _CONNECTORS[os.environ.get("LINGJUN_INVOICE_CONNECTOR", "fake")](tools.redis)
