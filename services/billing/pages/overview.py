"""The front page of finance: what is due, what came in, what is unmatched, what must go back. And the reconciliation."""

from typing import Any

from fastapi import APIRouter, Request, Response

from services.billing import documents, queries
from services.billing.pages import labels
from services.billing.queries.overview import Overview
from shared.dashboard import file_reply, page, t
from shared.foundation.money import yuan
from shared.http.web import Now, ReadingSession

router = APIRouter()
PDF = "application/pdf"


@router.get("/")
def overview(request: Request, actor: labels.Reader, session: ReadingSession) -> Response:
    """The picture, then what waits for finance."""
    found = queries.overview(session)
    waiting = queries.open_entries(session)
    totals = queries.refund_totals(session)
    f = found.stats
    return page(
        request,
        "billing_overview.html",
        title="缴费概况",
        subtitle=_covered(found),
        found=found,
        f=f,
        seats=_seats(found),
        money=_money(f),
        received=[
            {"label": f"{day.month}/{day.day}", "value": round(fen / 1_000_000, 1)}
            for day, fen in list(found.received_by_day.items())[-16:]
        ],
        refunds=[_refund_bar(state, totals, f) for state in ("proposed", "approved", "sent")],
        to_refund=totals.get("proposed", 0) + totals.get("approved", 0),
        waiting=waiting[-8:][::-1],
        waiting_count=len(waiting),
        unapplied=queries.unapplied_entries(session)[:6],
        labels=labels,
        balances=f["opening_fen"] + f["credits_fen"] - f["debits_fen"] == f["closing_fen"],
    )


def _covered(found: Overview) -> str:
    if found.covered_until is None:
        return "还没有导入对账单"
    return ""


def _seats(found: Overview) -> list[dict[str, Any]]:
    listed = "/billing/tables/accounts/list"
    return [
        {"label": "已缴清", "value": found.paid, "tone": "green", "href": listed},
        {"label": "部分缴费", "value": found.partly, "tone": "yellow", "href": listed},
        {"label": "未缴", "value": found.unpaid, "tone": "red", "href": listed},
    ]


def _money(f: dict[str, int]) -> list[dict[str, Any]]:
    """Where received money stands, in whole yuan."""
    rows = (
        ("已核销到学费", "applied_fen", "green"),
        ("暂挂（已知付款人）", "unapplied_fen", "azure"),
        ("未匹配", "unmatched_fen", "orange"),
        ("不予处理", "ignored_fen", "secondary"),
    )
    return [
        {"label": title, "value": max(f[name], 0) // 100, "shown": yuan(f[name]), "tone": tone}
        for title, name, tone in rows
    ]


def _refund_bar(state: str, totals: dict[str, int], f: dict[str, int]) -> dict[str, Any]:
    badge, fen = labels.REFUNDS[state], totals.get(state, 0)
    count = f[f"refunds_{state}"]
    return {
        "label": badge.title,
        "value": fen // 100,
        "shown": yuan(fen),
        "note": t("{count} 张", count=count),
        "tone": badge.tone,
        "href": "/billing/refunds",
    }


@router.get("/reconciliation.pdf")
def reconciliation(actor: labels.Reader, session: ReadingSession, now: Now) -> Response:
    """对账调节表 over everything imported, to look at."""
    content = documents.reconciliation_statement(queries.reconciliation(session, now=now))
    return file_reply(content, name="对账调节表.pdf", media_type=PDF, inline=True)
