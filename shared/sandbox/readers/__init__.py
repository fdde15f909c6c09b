"""Readers of foreign files. Each takes the bytes and returns a JSON value and files, or {"unreadable": code}.

They run only inside the sandbox (server.py), with the libraries of the extra `sandbox`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from shared.sandbox.readers.scan import read_scan
from shared.sandbox.readers.scan import warm_up as warm_up_scans
from shared.sandbox.readers.workbook import read_workbook
from shared.sandbox.readers.workbook import warm_up as warm_up_workbooks
from shared.sandbox.readers.xml import read_xml

Reader = Callable[[bytes], tuple[Any, list[bytes]]]


def _read_nothing(_content: bytes) -> tuple[Any, list[bytes]]:
    """Answer at once: the server lives."""
    return {}, []


READERS: Mapping[str, Reader] = {
    "nothing": _read_nothing,
    "scan": read_scan,
    "workbook": read_workbook,
    "xml": read_xml,
}


def warm_up() -> None:
    """Load what the libraries load when they first open a file: a confined process cannot load anything."""
    warm_up_scans()
    warm_up_workbooks()
    read_xml(b"<a/>")
