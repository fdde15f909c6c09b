"""Events of intake: programmes, and applications as the public platform submitted them."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.base import Event, FileClaim, Sealed, Value


class FeeLine(Value):
    """The part of a seat's fee that one payer owes, in fen (notice, clause 4)."""

    code: Literal["central", "municipal", "self"]
    title: str
    payee: str
    amount_fen: int


class FilingUnit(Value):
    """A district, county or zone that recommends firms (notice, clause 6.2). `owed`: minimum number of firms, 0 if
    none."""

    code: str
    name: str
    name_en: str
    kind: str
    owed: int


class Picture(Value):
    """The SHA-256 (hex) and the size in bytes of the JPEG of one page."""

    sha256: str
    size: int


class ScanClaim(FileClaim):
    """A scan, the pictures of its pages in order, and the numbers (from 1) of pages that are nearly blank.

    Scans that were stored before the pages were drawn have no pictures.
    """

    pages: tuple[Picture, ...] = ()
    blank_pages: tuple[int, ...] = ()

    def page(self, number: int) -> FileClaim:
        """Return the claim check of the picture of page `number`, from 1. Raises IndexError."""
        picture = self.pages[number - 1]
        key = page_key(self.key, number)
        return FileClaim(kind="page", key=key, sha256=picture.sha256, media_type="image/jpeg", size=picture.size)


def page_key(scan: str, number: int) -> str:
    """Return the key of the stored picture of a page of the scan with this key."""
    return f"{scan}-page-{number}"


class RequiredScan(Value):
    """A scan that an application must carry (notice, clause 5.3)."""

    kind: str
    title: str


class ScoringRule(Value):
    """The scoring: maximum points of each part, items of the interview, trimming of outliers, order of tie-breakers."""

    firm_points: int
    materials_points: int
    interview_points: int
    interview_items: dict[str, int]
    item_titles: dict[str, str]
    trim_from_panel_size: int
    tie_order: tuple[str, ...]


class PlanRule(Value):
    """Requirements on the year of teaching (notice, clause 3)."""

    days: int
    hours: int
    hours_per_day: int
    module_days: tuple[int, ...]
    min_gap_days: int
    max_gap_days: int
    practice_percent: int
    mentor_percent: int
    tolerance_points: int
    min_regions: int
    first_day: date
    last_day: date


class Remittance(Value):
    """The account to which the self-paid part is remitted (notice, annex 4)."""

    account_name: str
    bank: str
    account_number: str


class Programme(Value):
    """A published programme with all numbers that the services decide by. Times are UTC; the window is half-open.

    `letter_code`: the issuing office's code, with which the number of each letter begins (机关代字, GB/T 9704, 7.2.5).
    """

    code: str
    version: int
    title: str
    document_number: str
    organiser: str
    institution: str
    opens_at: datetime
    closes_at: datetime
    quota: int
    max_per_firm: int
    fee_lines: tuple[FeeLine, ...]
    units: tuple[FilingUnit, ...]
    required_scans: tuple[RequiredScan, ...]
    scoring: ScoringRule
    plan: PlanRule
    remittance: Remittance
    publicity_days: int
    pay_by: datetime
    promotion_pay_days: int
    waiting_list_places: int
    report_at: datetime
    report_place: str
    letter_code: str = ""

    def fee(self, code: str) -> int:
        """Return the amount of a fee line in fen."""
        return next(line.amount_fen for line in self.fee_lines if line.code == code)


class Student(Value):
    """The person who applies to attend. ID number and contact data are sealed."""

    name: str
    gender: Literal["male", "female"]
    born_on: date
    position: str
    role: str
    education: str
    resume: str
    identity: Sealed
    mobile: Sealed
    email: Sealed


class Firm(Value):
    """The firm that applies. `credit_code` is the unified social credit code (GB 32100)."""

    name: str
    former_name: str | None
    credit_code: str
    address: str
    legal_representative: str
    founded_on: date
    scale: str
    ownership: str
    industry: str
    main_product: str
    tier: str
    tier_year: int | None
    revenue_fen: tuple[int, ...]
    research_fen: tuple[int, ...]
    employees: int


class InvoiceTitle(Value):
    """The buyer on the invoice."""

    title: str
    tax_number: str
    kind: Literal["normal", "special"]


class ProgrammePublished(Event):
    """A programme was published. Carries the whole programme."""

    TYPE: ClassVar[str] = "intake.programme_published.v1"
    PART: ClassVar[str] = "programme"
    programme: Programme

    @property
    def subject(self) -> str:
        return self.programme.code


class ProgrammeRevised(ProgrammePublished):
    """A programme changed. Carries the whole programme, with a higher version."""

    TYPE: ClassVar[str] = "intake.programme_revised.v1"


class ApplicationSubmitted(Event):
    """An application was accepted in the window. Carries all data that review and billing need."""

    TYPE: ClassVar[str] = "intake.application_submitted.v1"
    PART: ClassVar[str] = "application"
    application_id: UUID
    application_no: str
    programme: str
    platform_no: str
    revision: int
    submitted_at: datetime
    unit_code: str
    recommendation: Literal["recommended", "not_recommended", "pending"]
    interview_mode: Literal["online", "on_site"]
    payment_reference: str
    student: Student
    firm: Firm
    invoice: InvoiceTitle
    scans: tuple[ScanClaim, ...]


class ApplicationResubmitted(ApplicationSubmitted):
    """A returned application was corrected and resubmitted. Carries the whole application, with a higher revision."""

    TYPE: ClassVar[str] = "intake.application_resubmitted.v1"


class StudentConsented(Event):
    """The student confirmed the application and the separate consent in person, by link (PIPL, art. 29)."""

    TYPE: ClassVar[str] = "intake.student_consented.v1"
    PART: ClassVar[str] = "consent"
    application_id: UUID
    consented_at: datetime
    text_version: str


class ApplicationWithdrawn(Event):
    """The firm or the student withdrew the application."""

    TYPE: ClassVar[str] = "intake.application_withdrawn.v1"
    PART: ClassVar[str] = "withdrawal"
    application_id: UUID
    withdrawn_at: datetime
    reason: str
