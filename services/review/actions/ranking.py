"""学员确定 (notice, clause 5.4.3): freeze the ranking, decide ties, and release the results of all at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from services.review.actions.letters import order_letter
from services.review.actions.locking import lock_cases, lock_programme, reload_ranking
from services.review.actions.seats import admit, not_select, step_seat
from services.review.errors import SecondPersonNeeded
from services.review.models import Case, RankedCase, Ranking, Seat, TieDecision
from services.review.queries import entrants, formula_of, frozen_places, missing_decisions
from services.review.rules.deadlines import publicity_ends
from services.review.rules.ranking import FORMULA, OpenTie, Place, boundary, rank_entrants
from services.review.states import (
    RANKING_STEPS,
    RANKING_TITLES,
    CaseState,
    LetterKind,
    RankingState,
    SeatState,
)
from shared.events.intake import Programme
from shared.events.review import ApplicantWaitlisted
from shared.foundation.clock import local
from shared.foundation.errors import Conflict, FieldError, Invalid, Joined
from shared.foundation.transitions import check_step
from shared.persistence.unit_of_work import UnitOfWork


def freeze_ranking(uow: UnitOfWork, code: str, *, actor: str, now: datetime) -> Ranking:
    """Freeze the ranking with all its inputs; scores cannot change afterwards.

    Raises Conflict with `field_errors` for everything undecided, and for ties that only the committee can break.
    """
    programme = lock_programme(uow, code)
    cases = lock_cases(uow, code)
    ranking = reload_ranking(uow, code)
    check_step(RANKING_STEPS, RankingState(ranking.state), RankingState.FROZEN, titles=RANKING_TITLES)
    if now < programme.closes_at:
        raise Conflict("报名尚未截止，不能冻结排名。", code="window-open")
    if missing := missing_decisions(uow.session, code):
        raise Conflict(
            "还有 {count} 项未完成，不能冻结排名。",
            code="undecided",
            field_errors=missing,
            values={"count": len(missing)},
        )
    formula = formula_of(uow.session, programme)
    places, ties = rank_entrants(entrants(uow.session, programme), formula)
    if ties:
        raise _tie_conflict(ties, {str(case.id): case for case in cases})
    _store_places(uow, ranking, programme, places, cases, actor=actor, now=now)
    uow.record("freeze_ranking", code, actor=actor, now=now, details={"ranked": len(places), "formula": FORMULA})
    return ranking


def _tie_conflict(ties: Sequence[OpenTie], cases: dict[str, Case]) -> Conflict:
    field_errors = []
    for tie in ties:
        people = Joined([f"{cases[key].student_name}({cases[key].application_no})" for key in tie.keys], "、")
        last = tie.first + len(tie.keys) - 1
        field_errors.append(
            FieldError(
                "/order",
                "tie",
                "第 {first} 至 {last} 名：{people} 各项成绩完全相同，须由评审委员会决定先后。",
                {"first": tie.first, "last": last, "people": people},
            )
        )
    return Conflict("有同分须由评审委员会先作出决定，再冻结排名。", code="tie", field_errors=field_errors)


def _store_places(
    uow: UnitOfWork,
    ranking: Ranking,
    programme: Programme,
    places: Sequence[Place],
    cases: Sequence[Case],
    *,
    actor: str,
    now: datetime,
) -> None:
    ranking.state, ranking.formula, ranking.programme_version = RankingState.FROZEN, FORMULA, programme.version
    ranking.quota, ranking.waiting_places = programme.quota, programme.waiting_list_places
    ranking.boundary = boundary(places, programme.quota)
    ranking.frozen_at, ranking.frozen_by = now, actor
    uow.session.add(ranking)
    units = {unit.code: unit.name for unit in programme.units}
    by_key = {str(case.id): case for case in cases}
    for place in places:
        case = by_key[place.entrant.key]
        uow.session.add(
            RankedCase(
                case_id=case.id,
                programme=programme.code,
                rank=place.rank,
                application_no=case.application_no,
                student_name=case.student_name,
                firm_name=case.firm_name,
                unit=units.get(case.unit_code, case.unit_code),
                inputs=vars(place.entrant),
                weighted_interview=place.weighted,
                total=place.total,
                outcome=place.outcome,
                note=place.note,
            )
        )


def record_tie_decision(
    uow: UnitOfWork, code: str, order: Sequence[UUID], *, reason: str, actor: str, now: datetime
) -> None:
    """Record the committee's order of tied people, best first. A later decision on the same people replaces it until
    the freeze.

    Raises Invalid unless they are exactly one open tie.
    """
    programme = lock_programme(uow, code)
    lock_cases(uow, code)
    check_step(RANKING_STEPS, RankingState(reload_ranking(uow, code).state), RankingState.FROZEN, titles=RANKING_TITLES)
    if len(reason.strip()) < 2:
        raise Invalid("请写明决定的理由。", code="reason")
    keys = [str(case_id) for case_id in order]
    undecided = formula_of(uow.session, programme, with_decisions=False)
    _places, ties = rank_entrants(entrants(uow.session, programme), undecided)
    if sorted(keys) not in [sorted(tie.keys) for tie in ties]:
        raise Invalid("这些人并不恰好是一组各项成绩完全相同的人，请刷新排名后重新决定。", code="not-a-tie")
    decision = TieDecision(
        id=uuid4(), programme=code, order=keys, reason=reason.strip(), decided_by=actor, decided_at=now
    )
    uow.session.add(decision)
    details = {"order": keys, "reason": reason.strip()}
    uow.record("record_tie_decision", code, actor=actor, now=now, details=details)


def release_ranking(uow: UnitOfWork, code: str, *, actor: str, now: datetime) -> None:
    """Release the ranking in one transaction, with a letter to each person.

    Publishes StudentAdmitted for the first `quota` people who are still candidates, ApplicantWaitlisted for the waiting
    list, and ApplicantNotSelected with RefundOrdered for the rest. Raises SecondPersonNeeded for the person who froze
    it, and Conflict on a second release.
    """
    programme = lock_programme(uow, code)
    cases = {case.id: case for case in lock_cases(uow, code)}
    ranking = reload_ranking(uow, code)
    check_step(RANKING_STEPS, RankingState(ranking.state), RankingState.RELEASED, titles=RANKING_TITLES)
    _check_release(uow, ranking, programme, actor=actor, now=now)
    ranked = [place for place in frozen_places(uow.session, code) if cases[place.case_id].state == CaseState.PASSED]
    for turn, place in enumerate(ranked):
        seat = Seat(case_id=place.case_id, programme=code, state="", rank=place.rank)
        case = cases[place.case_id]
        if turn < ranking.quota:
            admit(uow, programme, case, seat, pay_by=programme.pay_by, actor=actor, now=now)
        elif turn < ranking.quota + ranking.waiting_places:
            _put_on_waiting_list(uow, case, seat, turn - ranking.quota + 1, actor=actor, now=now)
        else:
            not_select(uow, case, seat, actor=actor, now=now)
    placed = {place.case_id for place in ranked}
    for case in cases.values():
        if case.state == CaseState.PASSED and case.id not in placed:
            not_select(uow, case, Seat(case_id=case.id, programme=code, state=""), actor=actor, now=now)
    ranking.state, ranking.released_at, ranking.released_by = RankingState.RELEASED, now, actor
    uow.session.add(ranking)
    uow.record("release_ranking", code, actor=actor, now=now, details={"ranked": len(ranked)})


def _check_release(uow: UnitOfWork, ranking: Ranking, programme: Programme, *, actor: str, now: datetime) -> None:
    assert ranking.frozen_at is not None
    if actor == ranking.frozen_by:
        raise SecondPersonNeeded("排名的发布")
    ends = publicity_ends(ranking.frozen_at, days=programme.publicity_days)
    if now < ends:
        raise Conflict(
            "公示期到 {ends:%Y年%m月%d日%H:%M} 结束，届时方可发布。", code="publicity", values={"ends": local(ends)}
        )
    if now >= programme.pay_by:
        raise Conflict("项目的缴费期限已过，请先修订项目的缴费期限再发布。", code="pay-by-past")
    if missing := missing_decisions(uow.session, programme.code):
        raise Conflict("冻结之后又有未完成的事项，不能发布。", code="undecided", field_errors=missing)


def _put_on_waiting_list(uow: UnitOfWork, case: Case, seat: Seat, rank: int, *, actor: str, now: datetime) -> None:
    seat.waiting_rank = rank
    step_seat(uow, seat, SeatState.WAITING, actor=actor, now=now)
    order_letter(uow, case, LetterKind.WAITING_LIST, now=now, rank=rank)
    uow.publish(ApplicantWaitlisted(application_id=case.id, programme=case.programme, rank=rank), now=now)
