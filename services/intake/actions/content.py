"""Build stored and published content from a request body: normalise numbers, seal sensitive values, claim scans."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from services.intake.models import PlatformClient, StoredScan
from services.intake.rules.identifiers import mobile_e164
from services.intake.schemas import ApplicationIn
from shared.adapters.keyring import KeyRing, mask_email, mask_identity, mask_mobile
from shared.events.intake import Firm, InvoiceTitle, Picture, ScanClaim, Student
from shared.foundation.errors import FieldError, Invalid
from shared.persistence.columns import one_of
from shared.persistence.unit_of_work import UnitOfWork


class Scan(NamedTuple):
    """The columns of an uploaded scan that a claim needs, with its client and programme."""

    id: UUID
    client_id: UUID
    programme: str
    key: str
    sha256: str
    media_type: str
    size: int
    pages: list[dict[str, Any]]
    blank_pages: list[int]


_SCANS = select(*(getattr(StoredScan, name) for name in Scan._fields)).where(one_of(col(StoredScan.id), "ids"))


def scans_of(uow: UnitOfWork, bodies: Iterable[ApplicationIn]) -> dict[UUID, Scan]:
    """Return the uploaded scans that the bodies refer to, by id. Unknown ids are omitted."""
    ids = {scan.file_id for body in bodies for scan in body.scans}
    return {row[0]: Scan(*row) for row in uow.session.execute(_SCANS, {"ids": ids})}


def sealed_content(
    body: ApplicationIn, scans: Mapping[UUID, Scan], *, client: PlatformClient, keys: KeyRing
) -> dict[str, Any]:
    """Return the fields `student`, `firm`, `invoice` and `scans` of ApplicationSubmitted as JSON.

    Raises Invalid for a scan that this client has not uploaded.
    """
    firm = _firm(body)
    invoice = body.invoice
    title = InvoiceTitle(
        title=invoice.title if invoice else firm.name,
        tax_number=invoice.tax_number if invoice else firm.credit_code,
        kind=invoice.kind if invoice else "normal",
    )
    return {
        "student": _student(body, keys).model_dump(mode="json"),
        "firm": firm.model_dump(mode="json"),
        "invoice": title.model_dump(mode="json"),
        "scans": [claim.model_dump(mode="json") for claim in _claims(scans, body, client)],
    }


def _student(body: ApplicationIn, keys: KeyRing) -> Student:
    student, programme = body.student, body.programme
    number, mobile = student.identity_number, mobile_e164(student.mobile) or ""
    return Student(
        **student.model_dump(exclude={"identity_number", "mobile", "email"}),
        identity=keys.seal("identity", programme, number, mask=mask_identity(number)),
        mobile=keys.seal("contact", programme, mobile, mask=mask_mobile(mobile)),
        email=keys.seal("contact", programme, student.email, mask=mask_email(student.email)),
    )


def _firm(body: ApplicationIn) -> Firm:
    fields = body.firm.model_dump()
    revenue = tuple(_fen(amount) for amount in fields.pop("revenue"))
    research = tuple(_fen(amount) for amount in fields.pop("research"))
    return Firm(**fields, revenue_fen=revenue, research_fen=research)


def _fen(yuan: str) -> int:
    return int(Decimal(yuan.replace(",", "")) * 100)


def _claims(scans: Mapping[UUID, Scan], body: ApplicationIn, client: PlatformClient) -> list[ScanClaim]:
    claims, errors = [], []
    for position, scan in enumerate(body.scans):
        row = scans.get(scan.file_id)
        if row is None or row.client_id != client.id or row.programme != body.programme:
            message = "没有这份已上传的扫描件,请先上传并填写返回的 id。"
            errors.append(FieldError(f"/scans/{position}/file_id", "scan-unknown", message))
            continue
        claims.append(
            ScanClaim(
                kind=scan.kind,
                key=row.key,
                sha256=row.sha256,
                media_type=row.media_type,
                size=row.size,
                pages=tuple(Picture(**page) for page in row.pages),
                blank_pages=tuple(row.blank_pages),
            )
        )
    if errors:
        raise Invalid("扫描件引用有误。", code="invalid-application", field_errors=errors)
    return claims
