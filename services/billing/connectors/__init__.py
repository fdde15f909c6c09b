"""Connectors to the system that issues invoices. LINGJUN_INVOICE_CONNECTOR selects one. Called by settings.py and
worker.py.
"""

from collections.abc import Callable, Mapping

from redis import Redis

from services.billing.connectors.fake import FakeConnector
from services.billing.connectors.interface import InvoiceConnector

MakeConnector = Callable[[Redis], InvoiceConnector]
CONNECTORS: Mapping[str, MakeConnector | None] = {"none": None, "fake": FakeConnector}
"""Connectors by name. With `none` a request stays requested: finance issues it in the tax bureau's own system."""
