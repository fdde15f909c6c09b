"""Each service's pages in English in a real browser: the product's own texts contain no Chinese characters."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import BrowserContext

from services.billing import bus as billing_bus
from services.billing import web as billing_web
from services.billing.settings import BillingSettings
from services.demo.programme import programme
from services.intake import actions as intake_actions
from services.intake import web as intake_web
from services.intake.settings import IntakeSettings
from services.portal import web as portal_web
from services.portal.settings import PortalSettings
from services.review import bus as review_bus
from services.review import web as review_web
from services.review.settings import ReviewSettings
from services.scheduling import bus as scheduling_bus
from services.scheduling import web as scheduling_web
from services.scheduling.settings import SchedulingSettings
from shared.context import Context
from shared.events.intake import Programme, ProgrammePublished
from shared.persistence.unit_of_work import UnitOfWork
from shared.wiring.process import Process
from shared.wiring.settings import Settings
from tests.processes import START, process_for
from tests.signing import serving, session_cookies
from tests.translatable import CHINESE

SERVICES: dict[str, tuple[type[Settings], Callable[[Process], FastAPI]]] = {
    "intake": (IntakeSettings, intake_web.make_app),
    "review": (ReviewSettings, review_web.make_app),
    "scheduling": (SchedulingSettings, scheduling_web.make_app),
    "billing": (BillingSettings, billing_web.make_app),
    "portal": (PortalSettings, portal_web.make_app),
}
SUBSCRIPTIONS = {"review": review_bus, "scheduling": scheduling_bus, "billing": billing_bus}
# Roles and pages per service.
PAGES = {
    "intake": (("intake",), ("", "access", "tables/applications/list", "nowhere")),
    "review": (("reviewer", "committee"), ("", "ranking", "work", "seats", "scores", "tables/cases/list")),
    "scheduling": (
        ("scheduler", "registrar"),
        ("", "interviews", "panels", "plan", "resources", "roster", "sessions", "certificates", "tables/lessons/list"),
    ),
    "billing": (("finance",), ("", "statements", "work", "refunds", "tables/entries/list", "tables/invoices/list")),
    "portal": (("administrator",), ("", "accounts/new", "password", "tables/accounts/list")),
}
# What a Chinese file or form has to contain is quoted as it is.
QUOTED = re.compile("“[^”]*”")
# Elements with the product's own texts. All other elements may contain data.
CHROME = "h1, h2, h3, h5, th, dt, legend, label, button, .btn, option, .nav-link-title, .lj-stat, .lj-empty, .alert, .form-hint"


def publish(service: str, process: Process, uow: UnitOfWork) -> None:
    """Publish the programme in this service, or handle its event there."""
    definition = Programme.model_validate(programme())
    if service == "intake":
        intake_actions.publish_programme(uow, definition, actor="intake01", now=START, keys=process.tools.keys)
    elif service in SUBSCRIPTIONS:
        event = ProgrammePublished(programme=definition)
        context = Context(actor=f"event:{event.TYPE}", now=START, tools=process.tools)
        SUBSCRIPTIONS[service].HANDLERS[ProgrammePublished](uow, event, context=context)


@pytest.fixture(params=sorted(SERVICES))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Process, str]]:
    """A service with a programme, its process, and its address."""
    service: str = request.param
    settings, make_app = SERVICES[service]
    process = process_for(settings, f"sqlite:///{tmp_path}/{service}.db", tmp_path)
    with process.database.transaction() as uow:
        publish(service, process, uow)
    with serving(make_app(process)) as url:
        yield service, process, url


def test_english_pages_contain_no_chinese_product_text(
    opened: tuple[str, Process, str], browser_context: BrowserContext, browser_problems: list[str]
) -> None:
    service, process, url = opened
    roles, paths = PAGES[service]
    cookies = {**session_cookies(process, *roles, name="Li Qing"), "lingjun_language": "en"}
    browser_context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    page = browser_context.new_page()
    prefix = "" if service == "portal" else f"/{service}"
    chinese: dict[str, list[str]] = {}
    for path in paths:
        page.goto(f"{url}{prefix}/{path}")
        texts = [text for text in page.locator(CHROME).all_text_contents() if CHINESE.search(QUOTED.sub("", text))]
        chinese |= {path: texts} if texts else {}
    assert chinese == {}
    assert page.locator("html").get_attribute("lang") == "en"
    browser_problems[:] = [problem for problem in browser_problems if "nowhere" not in problem]
