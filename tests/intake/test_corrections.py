"""Corrections of a returned application, its state as shown to the platform, and the paged list of applications."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.demo.cohort import DEADLINE
from services.demo.programme import CODE, programme
from services.intake import actions, queries
from services.intake.models import Application, IdempotencyKey
from services.intake.states import Outcome
from shared.events.intake import Programme
from tests.processes import START, travel


@pytest.fixture
def returned(intake, applications):
    """The id of an application that waits for correction."""
    filed = intake.file(applications[0]).json()
    return_for_correction(intake)
    return filed["id"]


def return_for_correction(intake):
    row = intake.rows(Application)[0]
    with intake.process.database.transaction() as uow:
        items = [{"item": "identity", "reason": "模糊"}]
        correct_by = DEADLINE + timedelta(days=3)
        actions.note_return(uow, row.id, items, correct_by=correct_by, actor="review", now=START)


def correct(intake, application_id, application, **changes):
    body = application.request(intake.upload(application)) | changes
    answer = intake.http.put(f"/intake/api/applications/{application_id}", json=body)
    return answer.json()["status"] if answer.status_code == 200 else answer.json()["code"]


def recommended(intake):
    """Return the number of recommended firms by unit code, without zeros."""
    with intake.process.database.reader() as session:
        counts = queries.recommended_firms(session, Programme.model_validate(programme()))
    return {unit: count for unit, count in counts.items() if count}


def reject(intake):
    row = intake.rows(Application)[0]
    with intake.process.database.transaction() as uow:
        actions.note_outcome(uow, row.id, Outcome.REJECTED, actor="review", now=START)


def test_a_correction_cannot_change_the_person_or_the_programme(intake, applications, returned):
    second = Programme.model_validate(programme() | {"code": "CQ-2021-SECOND"})
    with intake.process.database.transaction() as uow:
        actions.publish_programme(uow, second, actor="clerk", now=START, keys=intake.process.tools.keys)
    assert correct(intake, returned, applications[0], programme=second.code) == "programme-changed"
    assert correct(intake, returned, applications[0], programme="CQ-2031") == "unknown-programme"
    assert correct(intake, returned, applications[1]) == "person-changed"
    assert correct(intake, returned, applications[0]) == "under_review"


def test_a_correction_cannot_move_to_a_full_firm(intake, applications, returned):
    crowded = applications[1]
    full = programme() | {"version": 2, "max_per_firm": 1}
    with intake.process.database.transaction() as uow:
        actions.revise_programme(uow, Programme.model_validate(full), actor="clerk", now=START)
    assert intake.file(crowded).status_code == 201
    assert correct(intake, returned, applications[0], firm=crowded.body["firm"]) == "firm-full"
    assert correct(intake, returned, applications[0]) == "under_review"


@pytest.mark.parametrize("before", [{"recommendation": "pending"}, {"unit_code": "500112"}])
def test_a_correction_after_the_window_cannot_add_a_recommendation(intake, applications, before):
    first = applications[0]
    late = {"unit_code": "500103", "recommendation": "recommended"}
    filed = intake.file(first, **late | before).json()
    return_for_correction(intake)
    counted = recommended(intake)
    travel(intake.process, DEADLINE)
    assert correct(intake, filed["id"], first, **late) == "recommendation-late"
    assert recommended(intake) == counted
    assert correct(intake, filed["id"], first, **late | before) == "under_review"


def test_a_recommendation_can_be_corrected_in_the_window_and_withdrawn_after_it(intake, applications):
    first = applications[0]
    filed = intake.file(first, unit_code="500103", recommendation="pending").json()
    return_for_correction(intake)
    assert correct(intake, filed["id"], first, unit_code="500103", recommendation="recommended") == "under_review"
    assert recommended(intake) == {"500103": 1}
    return_for_correction(intake)
    travel(intake.process, DEADLINE)
    changes = {"unit_code": "500103", "recommendation": "not_recommended"}
    assert correct(intake, filed["id"], first, **changes) == "under_review"
    assert recommended(intake) == {}


def test_a_rejected_application_shows_its_outcome_and_accepts_no_correction(intake, applications, returned):
    reject(intake)
    assert intake.http.get(f"/intake/api/applications/{returned}").json()["status"] == "rejected"
    assert correct(intake, returned, applications[0]) == "rejected"
    with intake.process.database.reader() as session:
        assert queries.returned_applications(session, CODE) == []
        assert queries.applications_by_outcome(session) == {Outcome.REJECTED: 1}


def test_the_pages_of_the_list_contain_every_application_once(intake, applications):
    for application in applications[:5]:
        intake.file(application)
    numbers, after = [], ""
    while page := intake.http.get("/intake/api/applications", params={"after": after, "most": 2}).json():
        numbers += [application["application_no"] for application in page]
        after = numbers[-1]
    assert numbers == [f"{CODE}-{number:04d}" for number in range(1, 6)]
    assert intake.http.get("/intake/api/applications", params={"most": 501}).status_code == 422


def test_ten_equal_invalid_requests_at_once_get_the_same_response(intake, applications):
    body = applications[0].request(intake.upload(applications[0])) | {"consents": []}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _turn: intake.post(body, key="key-000001"), range(10)))
    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.text for answer in answers}) == 1
    assert len(intake.rows(IdempotencyKey)) == 1
