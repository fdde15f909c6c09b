"""Chapters 1 to 3: staff publish the programme, the platform posts the applications, students confirm their consent."""

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import uuid4

import httpx

from services.demo.cohort import DEADLINE, Application, Cohort
from services.demo.player.clients import Stage, UnexpectedResponse, run_concurrently
from services.demo.programme import CODE, programme
from services.demo.refusals import RefusedCase
from services.demo.story import Story
from shared.foundation.clock import local

Tick = Callable[[], None]
CLIENT = "重庆市中小企业公共服务平台"
# The expected response to each flawed request: status, and code of the problem or of one of its field errors.
EXPECTED = {
    "no_consent": (422, "consent-notice"),
    "wrong_identity_check_digit": (422, "resident-id-check-digit"),
    "wrong_credit_code_check_digit": (422, "credit-code"),
    "missing_scan": (422, "scan-identity"),
    "disguised_scan": (422, "scan-type"),
    "too_large_scan": (413, "too-large"),
    "past_participant": (409, "past-participant"),
    "same_person_twice": (409, "person-already-applied"),
    "same_key_other_body": (409, "idempotency-key-reused"),
    "after_deadline": (409, "closed"),
}


def publish(stage: Stage, cohort: Cohort) -> None:
    """Publish the programme and upload the list of past participants. A repeat publishes nothing twice."""
    clerk = stage.person("intake01")
    published = clerk.client.get(f"/intake/programmes/{CODE}/definition")
    if published.status_code == 404:
        definition = json.dumps(programme(), ensure_ascii=False)
        clerk.submit("/intake/programmes", files={"definition": ("programme.json", definition, "application/json")})
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["证件号码", "姓名", "参加的培训"])
    writer.writerows((number, name, code) for _kind, number, name, code in cohort.past_participants)
    clerk.submit("/intake/past-participants", files={"table": ("past.csv", table.getvalue().encode(), "text/csv")})
    stage.settle()


def issue_key(stage: Stage, name: str = CLIENT) -> str:
    """Issue the platform's API key and return it; the page after the form shows it once.

    If a key exists because the demo was killed before it stored that key, revoke it and issue another.
    """
    clerk = stage.person("intake01")
    if clerk.try_to_submit("/intake/clients", {"name": name}).status_code != 303:
        clerk.submit("/intake/clients/revocation", {"name": name})
        clerk.submit("/intake/clients", {"name": name})
    shown = clerk.client.get("/intake/access")
    found = re.search(r"ljk_[\w-]+", shown.text)
    if found is None:
        raise UnexpectedResponse(shown.request, shown)
    return found[0]


@dataclass
class FilingClient:
    """The platform's program: it uploads scans and posts applications, and can request all its state again."""

    stage: Stage
    client: httpx.Client

    def upload(self, application: Application) -> tuple[dict[str, str], httpx.Response | None]:
        """Upload the scans. Return their ids by kind, and the response that rejected a scan, or None."""
        ids: dict[str, str] = {}
        for scan in application.scans:
            answer = self.client.post(
                "/intake/api/files",
                params={"programme": CODE},
                content=scan.content(),
                headers={"Content-Type": scan.media_type},
            )
            if answer.status_code != 201:
                return ids, answer
            ids[scan.kind] = answer.json()["id"]
        return ids, None

    def post(self, application: Application, ids: dict[str, str], key: str) -> httpx.Response:
        """Post an application with an idempotency key."""
        return self._post(application.request(ids), key)

    def save_draft(self, application: Application) -> list[httpx.Response]:
        """Save a draft with the firm alone, then add the student and leave the scans for later."""
        body = application.request({scan.kind: "" for scan in application.scans})
        first = {name: body[name] for name in ("programme", "platform_no", "firm")}
        saved = self._post(first, application.key, draft=True)
        path = f"/intake/api/applications/{saved.json()['id']}" if saved.status_code == 201 else ""
        return [saved, self.client.patch(path, json={"student": body["student"]})]

    def _post(self, body: dict[str, Any], key: str, *, draft: bool = False) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        return self.client.post("/intake/api/applications", params={"draft": draft}, json=body, headers=headers)

    def filed(self) -> dict[str, dict[str, Any]]:
        """Return all applications of the platform by platform number, page by page."""
        found: dict[str, dict[str, Any]] = {}
        last = ""
        while page := self.client.get("/intake/api/applications", params={"after": last, "most": 500}).json():
            found |= {one["platform_no"]: one for one in page}
            last = page[-1]["application_no"]
        return found


def file_all(stage: Stage, story: Story, repeated: Collection[str], tick: Tick) -> None:
    """Post the applications day by day and skip those that intake already has.

    Post each application of `repeated` twice, as a platform that lost the response does. Raises UnexpectedResponse if
    the second response differs.
    """
    filer = FilingClient(stage, stage.platform())
    known = filer.filed()
    for day, posted in groupby(story.applications, key=lambda one: local(one.posted_at).date()):
        of_the_day = list(posted)
        stage.travel(datetime(day.year, day.month, day.day, 1, tzinfo=UTC))
        fresh = [one for one in of_the_day if one.platform_no not in known]
        for application, uploaded in zip(fresh, run_concurrently(filer.upload, fresh), strict=True):
            _file(filer, application, uploaded, twice=application.platform_no in repeated)
            tick()
    if story.draft.platform_no not in known:
        _save_draft(filer, story.draft)


def _save_draft(filer: FilingClient, draft: Application) -> None:
    """Save a draft that the firm never files; it expires at the deadline."""
    for answer in filer.save_draft(draft):
        if not answer.is_success:
            raise UnexpectedResponse(answer.request, answer)


def _file(
    filer: FilingClient,
    application: Application,
    uploaded: tuple[dict[str, str], httpx.Response | None],
    *,
    twice: bool,
) -> None:
    ids, refused = uploaded
    answer = refused or filer.post(application, ids, application.key)
    if answer.status_code != 201:
        raise UnexpectedResponse(answer.request, answer)
    if twice:
        again = filer.post(application, ids, application.key)
        if (again.status_code, again.json()) != (201, answer.json()):
            raise UnexpectedResponse(again.request, again)


def file_flawed(stage: Stage, cases: Iterable[RefusedCase], tick: Tick) -> dict[str, str]:
    """Send the requests that intake must reject. Return code -> detail of the response.

    The last case comes after the deadline. From then on intake rejects all of them as closed, so a resumed demo sends
    only that case. file_all sends the plain repeats.
    """
    filer = FilingClient(stage, stage.platform())
    reasons = {}
    is_late = stage.now() >= DEADLINE
    for case in cases:
        if case.code == "repeated_request" or (is_late and case.code != "after_deadline"):
            continue
        if case.code == "after_deadline":
            stage.travel(DEADLINE + timedelta(seconds=5))
        reasons[case.code] = _send_flawed(filer, case, f"flawed-{uuid4()}")
        tick()
    return reasons


def _send_flawed(filer: FilingClient, case: RefusedCase, key: str) -> str:
    ids, answer = filer.upload(case.application)
    if case.repeats:
        key = case.application.key
    if answer is None:
        answer = filer.post(case.application, ids, key)
    problem = answer.json()
    status, code = EXPECTED[case.code]
    codes = [problem.get("code"), *[error["code"] for error in problem.get("faults", [])]]
    if answer.status_code != status or code not in codes:
        raise UnexpectedResponse(answer.request, answer)
    return str(problem["detail"])


def confirm_all(stage: Stage, tick: Tick) -> None:
    """Confirm the consent of each student through the link in the mail."""
    stage.settle()
    visitor = stage.visitor()

    def confirm(link: str) -> None:
        answer = visitor.post(link)
        if answer.status_code != 200:
            raise UnexpectedResponse(answer.request, answer)
        tick()

    run_concurrently(
        confirm, sorted({link for text in stage.sent_mails() for link in re.findall(r"/intake/consent/[\w-]+", text)})
    )
    stage.settle()


def withdraw(stage: Stage, story: Story, when: str) -> None:
    """Withdraw, as the platform, the applications whose withdrawal is planned for the stage `when`."""
    filer = FilingClient(stage, stage.platform())
    filed = filer.filed()
    for platform_no, withdrawal in story.withdrawals.items():
        if withdrawal.stage == when:
            answer = filer.client.post(
                f"/intake/api/applications/{filed[platform_no]['id']}/withdrawal", json={"reason": withdrawal.reason}
            )
            if answer.status_code != 200:
                raise UnexpectedResponse(answer.request, answer)
    stage.settle()


def correct(stage: Stage, story: Story) -> None:
    """Post, as the platform, the corrected versions of the returned applications."""
    filer = FilingClient(stage, stage.platform())
    filed = filer.filed()
    for platform_no, returned in story.returns.items():
        if returned.corrected is None or filed[platform_no]["status"] != "returned":
            continue
        stage.travel(returned.corrected.posted_at)
        ids, refused = filer.upload(returned.corrected)
        address = f"/intake/api/applications/{filed[platform_no]['id']}"
        answer = refused or filer.client.put(address, json=returned.corrected.request(ids))
        if answer.status_code != 200:
            raise UnexpectedResponse(answer.request, answer)
    stage.settle()
