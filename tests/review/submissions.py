"""Submission events of the demo's cohort, as intake publishes them. Used by stage.py and the tests."""

from decimal import Decimal
from functools import cache, partial
from typing import Any
from uuid import UUID, uuid5

from services.demo.cohort import Application, cohort
from services.demo.programme import CODE
from services.demo.scans import Scan
from shared.adapters.keyring import KeyRing, mask_email, mask_identity, mask_mobile
from shared.events.intake import ApplicationSubmitted, Firm, InvoiceTitle, Picture, ScanClaim, Student, page_key
from shared.wiring.process import Process
from tests.sandbox import SANDBOX

NAMES = UUID("5a0c7f6e-9d7c-4c53-8a43-0d2f6f1a2b3c")


@cache
def applications() -> tuple[Application, ...]:
    """Return the demo's cohort."""
    return cohort(1).applications


@cache
def _drawn(scan: Scan) -> tuple[bytes, list[bytes]]:
    content = scan.content()
    return content, SANDBOX.open("scan", content).files


def case_id(number: int) -> UUID:
    """Return the application id for a position in the cohort."""
    return uuid5(NAMES, str(number))


def submission(
    process: Process, number: int, *, kind: type[ApplicationSubmitted] = ApplicationSubmitted, **changes: Any
) -> ApplicationSubmitted:
    """Return the submission event of an application of the cohort, sealed as intake would."""
    one = applications()[number]
    body = one.body
    fields = {
        "application_id": case_id(number),
        "application_no": f"{CODE}-{number + 1:04d}",
        "programme": CODE,
        "platform_no": one.platform_no,
        "revision": 1,
        "submitted_at": one.posted_at,
        "payment_reference": f"ZX2100{number:04d}",
        "student": _student(process, body["student"]),
        "firm": _firm(body["firm"]),
        "invoice": InvoiceTitle(title=body["firm"]["name"], tax_number=body["firm"]["credit_code"], kind="normal"),
        "scans": tuple(_stored(process, number, scan) for scan in one.scans),
    }
    named = {name: body[name] for name in ("unit_code", "recommendation", "interview_mode")}
    return kind(**fields | named | changes)


def _student(process: Process, body: dict[str, Any]) -> Student:
    keys = KeyRing(process.settings.keys_dir, purposes=("identity", "contact"))
    plain = {name: body[name] for name in ("name", "gender", "born_on", "position", "role", "education", "resume")}
    number, mobile, email = body["identity_number"], body["mobile"], body["email"]
    return Student(
        **plain,
        identity=keys.seal("identity", CODE, number, mask=mask_identity(number)),
        mobile=keys.seal("contact", CODE, mobile, mask=mask_mobile(mobile)),
        email=keys.seal("contact", CODE, email, mask=mask_email(email)),
    )


def _stored(process: Process, number: int, scan: Scan) -> ScanClaim:
    content, pages = _drawn(scan)
    key = f"{CODE}/scans/{number}-{scan.kind}"
    put = partial(process.tools.files.put, programme=CODE, purpose="scan")
    pictures = [
        put(page, kind="page", media_type="image/jpeg", key=page_key(key, place))
        for place, page in enumerate(pages, start=1)
    ]
    claim = put(content, kind=scan.kind, media_type=scan.media_type, key=key)
    return ScanClaim(**claim.model_dump(), pages=tuple(Picture(sha256=one.sha256, size=one.size) for one in pictures))


def _firm(body: dict[str, Any]) -> Firm:
    plain = {name: value for name, value in body.items() if name not in ("revenue", "research")}
    amounts = {
        f"{name}_fen": tuple(int(Decimal(amount.replace(",", "")) * 100) for amount in body[name])
        for name in ("revenue", "research")
    }
    return Firm(**plain, **amounts)
