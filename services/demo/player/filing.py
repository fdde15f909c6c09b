"""Chapters 1 to 3: staff publish the programme, the platform posts the applications, the students confirm."""

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
from services.demo.player.clients import Stage, Unexpected, together
from services.demo.programme import CODE, programme
from services.demo.refusals import RefusedCase
from services.demo.story import Story
from shared.foundation.clock import local

Tick = Callable[[], None]
CLIENT = "重庆市中小企业公共服务平台"
# What each flawed request must come back with: the status, and the code of the problem or of one of its faults.
EXPECTED = {
    "no_consent": (422, "consent-notice"),
    "wrong_identity_check_digit": (422, "resident-id-check-digit"),
    "wrong_credit_code_check_digit": (422, "credit-code"),
    "missing_scan": (422, "scan-identity"),
    "disguised_scan": (422, "scan-type"),
    "too_large_scan": (422, "scan-too-large"),
    "past_participant": (409, "past-participant"),
    "same_person_twice": (409, "person-already-applied"),
    "same_key_other_body": (409, "idempotency-key-reused"),
    "after_deadline": (409, "closed"),
}


def publish(stage: Stage, cohort: Cohort) -> None:
    """Staff publish the programme, list those who attended before, and give the platform its key."""
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
    """The platform's key, as the page after the form shows it once. One that was issued before and not kept, because the
    demo was killed in between, is revoked and issued anew."""
    clerk = stage.person("intake01")
    if clerk.try_to_submit("/intake/clients", {"name": name}).status_code != 303:
        clerk.submit("/intake/clients/revocation", {"name": name})
        clerk.submit("/intake/clients", {"name": name})
    shown = clerk.client.get("/intake/access")
    found = re.search(r"ljk_[\w-]+", shown.text)
    if found is None:
        raise Unexpected(shown.request, shown)
    return found[0]


@dataclass
class Filer:
    """The platform's program: uploads scans, posts applications, remembers nothing that it cannot ask for again."""

    stage: Stage
    client: httpx.Client

    def upload(self, application: Application) -> tuple[dict[str, str], httpx.Response | None]:
        """Uploads the scans; kind -> id, and the answer to the one that was refused."""
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

    def post(self, application: Application, ids: dict[str, str], key: str, *, draft: bool = False) -> httpx.Response:
        """Posts an application under an idempotency key, or saves it as a draft."""
        return self.client.post(
            "/intake/api/applications",
            params={"draft": draft},
            json=application.request(ids),
            headers={"Idempotency-Key": key},
        )

    def filed(self) -> dict[str, dict[str, Any]]:
        """Platform number -> what the house knows of it."""
        found: dict[str, dict[str, Any]] = {}
        last = ""
        while page := self.client.get("/intake/api/applications", params={"after": last, "most": 500}).json():
            found |= {one["platform_no"]: one for one in page}
            last = page[-1]["application_no"]
        return found


def file_all(stage: Stage, story: Story, repeated: Collection[str], tick: Tick) -> None:
    """Posts the applications day by day, as they came; what the house has already is not sent again. Those of `repeated`
    are posted twice, as by a platform that lost the answer: the answer must be the same."""
    filer = Filer(stage, stage.platform())
    known = filer.filed()
    for day, posted in groupby(story.applications, key=lambda one: local(one.posted_at).date()):
        of_the_day = list(posted)
        stage.travel(datetime(day.year, day.month, day.day, 1, tzinfo=UTC))
        fresh = [one for one in of_the_day if one.platform_no not in known]
        for application, uploaded in zip(fresh, together(filer.upload, fresh), strict=True):
            _file(filer, application, uploaded, twice=application.platform_no in repeated)
            tick()
    if story.draft.platform_no not in known:
        _save_draft(filer, story.draft)


def _save_draft(filer: Filer, draft: Application) -> None:
    """A firm saves a draft and comes back to it never; it expires with the deadline."""
    ids, refused = filer.upload(draft)
    answer = refused or filer.post(draft, ids, draft.key, draft=True)
    if answer.status_code != 201:
        raise Unexpected(answer.request, answer)


def _file(
    filer: Filer, application: Application, uploaded: tuple[dict[str, str], httpx.Response | None], *, twice: bool
) -> None:
    ids, refused = uploaded
    answer = refused or filer.post(application, ids, application.key)
    if answer.status_code != 201:
        raise Unexpected(answer.request, answer)
    if twice:
        again = filer.post(application, ids, application.key)
        if (again.status_code, again.json()) != (201, answer.json()):
            raise Unexpected(again.request, again)


def file_flawed(stage: Stage, cases: Iterable[RefusedCase], tick: Tick) -> dict[str, str]:
    """Sends what must be refused; returns kind -> the reason that came back. The last comes after the deadline,
    when the others can no longer be told apart. Requests that are only repeated are file_all's."""
    filer = Filer(stage, stage.platform())
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


def _send_flawed(filer: Filer, case: RefusedCase, key: str) -> str:
    ids, answer = filer.upload(case.application)
    if case.repeats:
        key = case.application.key
    if answer is None:
        answer = filer.post(case.application, ids, key)
    problem = answer.json()
    status, code = EXPECTED[case.code]
    codes = [problem.get("code"), *[fault["code"] for fault in problem.get("faults", [])]]
    if answer.status_code != status or code not in codes:
        raise Unexpected(answer.request, answer)
    return str(problem["detail"])


def confirm_all(stage: Stage, tick: Tick) -> None:
    """Each student opens the link in the notice and confirms."""
    stage.settle()
    visitor = stage.visitor()

    def confirm(link: str) -> None:
        answer = visitor.post(link)
        if answer.status_code != 200:
            raise Unexpected(answer.request, answer)
        tick()

    together(
        confirm, sorted({link for text in stage.letters() for link in re.findall(r"/intake/consent/[\w-]+", text)})
    )
    stage.settle()


def withdraw(stage: Stage, story: Story, when: str) -> None:
    """The platform takes back the applications whose withdrawal is due at this stage."""
    filer = Filer(stage, stage.platform())
    filed = filer.filed()
    for platform_no, given in story.withdrawals.items():
        if given.stage == when:
            answer = filer.client.post(
                f"/intake/api/applications/{filed[platform_no]['id']}/withdrawal", json={"reason": given.reason}
            )
            if answer.status_code != 200:
                raise Unexpected(answer.request, answer)
    stage.settle()


def correct(stage: Stage, story: Story) -> None:
    """The platform posts the corrected versions of what was returned."""
    filer = Filer(stage, stage.platform())
    filed = filer.filed()
    for platform_no, given in story.returns.items():
        if given.corrected is None or filed[platform_no]["status"] != "returned":
            continue
        stage.travel(given.corrected.posted_at)
        ids, refused = filer.upload(given.corrected)
        address = f"/intake/api/applications/{filed[platform_no]['id']}"
        answer = refused or filer.client.put(address, json=given.corrected.request(ids))
        if answer.status_code != 200:
            raise Unexpected(answer.request, answer)
    stage.settle()
