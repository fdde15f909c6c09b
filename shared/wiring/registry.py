"""The registry: one ServiceSpec for each service, with what every other part of the installation needs to know of it.

Standalone mode, the broker's queues, roles and links are read from here at run time. `make generate` writes from here the
blocks of docker-compose*.yml, Dockerfile, Makefile, pyproject.toml and deploy/ that name every service (tools/deployment.py).
A new service is an entry here, a folder in services/, and its libraries in pyproject.toml.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.adapters.keyring import Purpose
from shared.events import CONTRACTS
from shared.events.base import Event
from shared.events.billing import FeeOverdue, FeePaid, FeePaymentReversed, RefundClosed, RefundSent
from shared.events.intake import (
    ApplicationResubmitted,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    ProgrammePublished,
    ProgrammeRevised,
    StudentConsented,
)
from shared.events.portal import StaffAccessChanged
from shared.events.review import (
    ApplicantNotSelected,
    ApplicantWaitlisted,
    ApplicationRejected,
    ApplicationReturned,
    ApplicationVerified,
    InterviewScored,
    RefundOrdered,
    SeatReleased,
    StudentAdmitted,
)
from shared.events.scheduling import CertificateRecorded, InterviewMissed, InterviewScheduled, StudentRegistered

Role = Literal[
    "intake",
    "reviewer",
    "committee",
    "judge",
    "scheduler",
    "registrar",
    "finance",
    "finance_checker",
    "auditor",
    "administrator",
]

ROLES: dict[str, str] = {
    "intake": "报名受理",
    "reviewer": "材料审核",
    "committee": "遴选委员会",
    "judge": "面试评委",
    "scheduler": "面试与教学安排",
    "registrar": "报到与学籍",
    "finance": "财务经办",
    "finance_checker": "财务复核",
    "auditor": "审计查阅（只读）",
    "administrator": "系统管理员",
}
"""The Chinese title of each role, in the order of the lists."""

_PROGRAMMES: tuple[type[Event], ...] = (ProgrammePublished, ProgrammeRevised, StaffAccessChanged)


@dataclass(frozen=True)
class ServiceSpec:
    """A service: its name is that of its folder, database, broker user and queue, image, and first path segment.

    `title`, `summary`, `icon`: its link on the portal's home page, for `roles`; the title stands on its pages too.
    `subscriptions`: the event types that it consumes; its bus compares its handlers with them. `queues`: what it reads
    besides its own queue. `keys`: the purposes whose personal data it opens; one service, which `creates_keys`, writes
    them. `opens_files`: its web process hands foreign files to the sandbox (shared/sandbox).
    `signs_letters`: its worker reads the folder with the office's certificate. `is_default`: it answers
    every path that no service's name begins, has no prefix, and signs the sessions.
    `settings`: its own environment variables, each with a hint for the operator; `demo_settings`: their values in a demo.
    `memory`: the limit of each process's container.
    """

    name: str
    title: str
    summary: str
    icon: str
    roles: tuple[Role, ...]
    subscriptions: tuple[type[Event], ...]
    queues: tuple[str, ...] = ()
    keys: tuple[Purpose, ...] = ()
    creates_keys: bool = False
    opens_files: bool = False
    signs_letters: bool = False
    is_default: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    demo_settings: Mapping[str, str] = field(default_factory=dict)
    memory: Mapping[str, str] = field(
        default_factory=lambda: {"migrate": "256m", "web": "384m", "bus": "256m", "worker": "384m"}
    )

    @property
    def prefix(self) -> str:
        """The path prefix of its pages and API, as `/intake`; empty for the default service."""
        return "" if self.is_default else f"/{self.name}"


_SPECS = (
    ServiceSpec(
        name="intake",
        title="报名受理",
        summary="收到的报名、各区县推荐情况、材料是否齐全",
        icon="fa-solid fa-inbox",
        roles=("intake",),
        subscriptions=(
            StaffAccessChanged,
            ApplicationReturned,
            ApplicationVerified,
            ApplicationRejected,
            InterviewScored,
            StudentAdmitted,
            ApplicantWaitlisted,
            ApplicantNotSelected,
            SeatReleased,
            StudentRegistered,
            CertificateRecorded,
            RefundClosed,
        ),
        keys=("identity", "contact", "bank", "scan"),
        creates_keys=True,
        opens_files=True,
    ),
    ServiceSpec(
        name="review",
        title="评审录取",
        summary="核验材料、面试评分、排名、录取与候补",
        icon="fa-solid fa-clipboard-check",
        roles=("reviewer", "committee", "judge"),
        subscriptions=(
            *_PROGRAMMES,
            ApplicationSubmitted,
            ApplicationResubmitted,
            StudentConsented,
            ApplicationWithdrawn,
            InterviewScheduled,
            InterviewMissed,
            FeePaid,
            FeePaymentReversed,
            FeeOverdue,
            RefundSent,
            StudentRegistered,
        ),
        keys=("identity", "contact", "scan"),
        signs_letters=True,
        settings={
            "LINGJUN_LETTER_CERTIFICATE": "path of a PKCS#12 file or none",
            "LINGJUN_LETTER_CERTIFICATE_PASSWORD_FILE": "path of a text file or none",
        },
    ),
    ServiceSpec(
        name="scheduling",
        title="面试与教学",
        summary="面试日程、教学计划、考勤、结业名单",
        icon="fa-solid fa-calendar-days",
        roles=("scheduler", "registrar", "judge"),
        subscriptions=(
            *_PROGRAMMES,
            ApplicationVerified,
            ApplicationRejected,
            ApplicationWithdrawn,
            StudentAdmitted,
            SeatReleased,
            FeePaid,
            FeePaymentReversed,
        ),
        keys=("contact", "identity"),
        # The solver of the timetable runs in the worker.
        memory={"migrate": "256m", "web": "384m", "bus": "256m", "worker": "1g"},
    ),
    ServiceSpec(
        name="billing",
        title="缴费结算",
        summary="到账核对、应缴未缴、退费、开票、补贴",
        icon="fa-solid fa-coins",
        roles=("finance", "finance_checker"),
        subscriptions=(
            *_PROGRAMMES,
            ApplicationSubmitted,
            ApplicationResubmitted,
            ApplicationWithdrawn,
            ApplicationRejected,
            StudentAdmitted,
            ApplicantWaitlisted,
            ApplicantNotSelected,
            SeatReleased,
            RefundOrdered,
        ),
        opens_files=True,
        keys=("bank", "contact"),
        settings={
            "LINGJUN_INVOICE_CONNECTOR": "none or fake",
            "LINGJUN_TAX_RATES": "JSON list of rates",
            "LINGJUN_SPECIAL_INVOICE_NEEDS_CONTACT": "true or false",
        },
        demo_settings={"LINGJUN_INVOICE_CONNECTOR": "fake"},
    ),
    ServiceSpec(
        name="portal",
        title="工作台",
        summary="账号、角色、未送达消息",
        icon="fa-solid fa-house",
        roles=("administrator",),
        subscriptions=tuple(CONTRACTS.values()),
        queues=("dead", "log"),
        is_default=True,
        settings={"LINGJUN_TRACE_URL": "address of a trace in the trace store or none"},
        memory={"migrate": "256m", "web": "384m", "bus": "256m", "worker": "256m"},
    ),
)

SERVICES: dict[str, ServiceSpec] = {spec.name: spec for spec in _SPECS}
"""The services by name, in the order of links, databases and documents."""

DEFAULT: ServiceSpec = next(spec for spec in _SPECS if spec.is_default)


def topology() -> dict[str, tuple[str, ...]]:
    """Map each queue to the wire names of the event types that it is bound to.

    The first process to start binds all queues from it, so that no event is published before the queues of its
    subscribers exist.
    """
    return {spec.name: tuple(event.TYPE for event in spec.subscriptions) for spec in _SPECS}
