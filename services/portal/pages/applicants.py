"""Applicant pages: the search, and one applicant's timeline across all services."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.portal import queries
from services.portal.rules.access import FOLLOWERS
from services.portal.rules.sentences import SENTENCES, title_of
from shared.dashboard import Badge, Badged, ListView, Moment, Text, page
from shared.http.auth import CurrentUser, staff
from shared.http.web import ReadingSession

router = APIRouter()
Follower = Annotated[CurrentUser, Depends(staff(*FOLLOWERS))]
LAST = {kind: Badge(title_of(kind), tone) for kind, (_, tone, _) in SENTENCES.items()}


class ApplicantList(ListView):
    """All applicants, those with the newest event first."""

    fields = (
        Text("application_no", "报名编号"),
        Text("student_name", "学员"),
        Text("firm_name", "企业"),
        Badged("last_type", "最近进展", labels=LAST),
        Moment("last_at", "时间"),
        Moment("submitted_at", "提交时间"),
    )
    fields_default_sort = (("last_at", True),)
    detail_path = "/applicants/{key}"
    roles = FOLLOWERS
    intro = "按姓名、企业或报名编号查找，点开可看全程记录"
    empty = "没有找到。请检查姓名、企业名称或报名编号。"


@router.get("/applicants/{application_id}")
def show_applicant(request: Request, application_id: UUID, actor: Follower, session: ReadingSession) -> Response:
    """Show one application's timeline across all services."""
    applicant = queries.applicant_with(session, application_id)
    return page(
        request,
        "applicant.html",
        title=applicant.student_name or "报名记录",
        subtitle=applicant.firm_name,
        back="/tables/applicants/list",
        applicant=applicant,
        badge=LAST.get(applicant.last_type, Badge(applicant.last_type)),
        timeline=queries.timeline_of(session, application_id),
    )
