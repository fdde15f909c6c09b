"""Refusals that several of intake's modules raise.

Refusal
├── NotFound   UnknownApplication, UnknownProgramme
└── Conflict   PersonAlreadyApplied, PlatformNumberUsed
"""

from shared.foundation.errors import Conflict, NotFound


class UnknownProgramme(NotFound):
    """No programme has this code."""

    def __init__(self, code: str) -> None:
        super().__init__(
            "没有编号为“{code}”的项目,请核对 programme 字段。", code="unknown-programme", values={"code": code}
        )


class UnknownApplication(NotFound):
    """No application with this id is visible to the caller."""

    def __init__(self) -> None:
        super().__init__("没有这份报名申请。", code="unknown-application")


class PersonAlreadyApplied(Conflict):
    """The person already has an open application for this programme."""

    def __init__(self) -> None:
        super().__init__(
            "同一学员在本期只能有一份有效报名;如需更换企业,请先撤回原报名。", code="person-already-applied"
        )


class PlatformNumberUsed(Conflict):
    """The client has used this platform number for another application or draft."""

    def __init__(self, platform_no: str) -> None:
        super().__init__(
            "平台编号“{platform_no}”已用于另一份报名。",
            code="platform-no-used",
            values={"platform_no": platform_no},
        )
