"""Applications as HTTP requests, each of another invented person and firm, and the programme that they apply to.

The load client prepares them before the measurement; the rows of the bus use the event that results from one of them.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.demo.cohort import cohort
from services.demo.identifiers import credit_code, identity_number
from services.demo.people import ID_PREFIXES
from services.demo.programme import CODE, programme

# Number of applications whose scans are uploaded before the load; later applications reuse these scans.
SCANNED = 1000
KINDS = ("form", "licence", "identity")
_SEQUENCES = range(970, 1000, 2)
_FIRST_BIRTHDAY = date(1962, 1, 1)
_BIRTHDAYS = 11_000
_PREFIXES = ID_PREFIXES.split()
_MARKS = ("@number@", "@born@", "@code@", "@platform@", "@mobile@", *(f"@{kind}@" for kind in KINDS))


def open_programme(now: datetime) -> dict[str, Any]:
    """Return the reference programme with its dates moved by whole weeks, so that its window is open at `now`."""
    moved = programme()
    opens_at = datetime.fromisoformat(moved["opens_at"])
    weeks = timedelta(weeks=(now - opens_at) // timedelta(weeks=1))
    for name in ("opens_at", "closes_at", "pay_by", "report_at"):
        moved[name] = (datetime.fromisoformat(moved[name]) + weeks).isoformat()
    for name in ("first_day", "last_day"):
        moved["plan"][name] = (date.fromisoformat(moved["plan"][name]) + weeks).isoformat()
    return moved


def scan_id(serial: int, kind: str) -> UUID:
    """Return the id under which the scan of an application was uploaded."""
    return UUID(int=(0x5CA << 112) + (serial % SCANNED) * len(KINDS) + KINDS.index(kind))


def requests(first: int, count: int, *, port: int, path: str, key: str) -> Iterator[bytes]:
    """Yield `count` complete HTTP requests; a serial number always stands for the same person, at a separate firm."""
    template = _template()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nIdempotency-Key: bench-%08d\r\nContent-Length: %d\r\n\r\n"
    )
    for serial in range(first, first + count):
        body = template
        for mark, value in zip(_MARKS, _values(serial), strict=True):
            body = body.replace(mark, value)
        content = body.encode()
        yield (head % (serial, len(content))).encode() + content


def body_of(serial: int) -> dict[str, Any]:
    """Return one application as JSON."""
    text = _template()
    for mark, value in zip(_MARKS, _values(serial), strict=True):
        text = text.replace(mark, value)
    body: dict[str, Any] = json.loads(text)
    return body


def _template() -> str:
    """Return a body of the demo with marks in place of the values that differ between persons."""
    application = next(item for item in cohort(1).applications if item.body["student"]["gender"] == "male")
    body = deepcopy(application.body)
    accepted_at = (datetime.now(UTC) - timedelta(minutes=9)).isoformat()
    for consent in body["consents"]:
        consent["accepted_at"] = accepted_at
    body |= {"programme": CODE, "platform_no": "@platform@", "invoice": None}
    body["student"] |= {
        "identity_type": "resident_id",
        "identity_number": "@number@",
        "born_on": "@born@",
        "mobile": "@mobile@",
    }
    body["firm"]["credit_code"] = "@code@"
    body["scans"] = [{"kind": kind, "file_id": f"@{kind}@", "stamped": True} for kind in KINDS]
    return json.dumps(body, ensure_ascii=False)


def _values(serial: int) -> tuple[str, ...]:
    rest, sequence = divmod(serial, len(_SEQUENCES))
    prefix, day = divmod(rest, _BIRTHDAYS)
    born_on = _FIRST_BIRTHDAY + timedelta(days=day)
    area, firm = divmod(serial, 10_000)
    return (
        identity_number(_PREFIXES[prefix], born_on, _SEQUENCES[sequence] + 1),
        born_on.isoformat(),
        credit_code(f"500{area:03d}", firm),
        f"B{serial:09d}",
        f"138{serial % 100_000_000:08d}",
        *(str(scan_id(serial, kind)) for kind in KINDS),
    )
