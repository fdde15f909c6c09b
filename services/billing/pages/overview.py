"""Finance's front page: due, received and unmatched money, pending refunds. And the reconciliation statement."""

from typing import Any

from fastapi import APIRouter, Request, Response

from services.billing import documents, queries
from services.billing.pages import labels
from services.billing.queries.overview import Overview
from shared.dashboard import file_reply, page, t
from shared.foundation.clock import local
from shared.foundation.money import yuan
from shared.http.web import Now, ReadingSession

router = APIRouter()
PDF = "application/pdf"


@router.get("/")
def overview(request: Request, actor: labels.Reader, session: ReadingSession) -> Response:
    """Show the overview and finance's open work."""
    overview_data = queries.overview(session)
    waiting = queries.open_entries(session)
    totals = queries.refund_totals(session)
    stats = overview_data.stats
    return page(
        request,
        "billing_overview.html",
        title="缴费概况",
        subtitle=_covered(overview_data),
        overview_data=overview_data,
        stats=stats,
        seats=_seats(overview_data),
        money=_money(stats),
        received=[
            {"label": f"{day.month}/{day.day}", "value": round(fen / 1_000_000, 1)}
            for day, fen in list(overview_data.received_by_day.items())[-16:]
        ],
        refunds=[_refund_bar(state, totals, stats) for state in ("proposed", "approved", "sent")],
        to_refund=totals.get("proposed", 0) + totals.get("approved", 0),
        waiting=waiting[-8:][::-1],
        waiting_count=len(waiting),
        unapplied=queries.unapplied_entries(session)[:6],
        labels=labels,
        balances=stats["opening_fen"] + stats["credits_fen"] - stats["debits_fen"] == stats["closing_fen"],
    )


def _covered(overview_data: Overview) -> str:
    if overview_data.covered_until is None:
        return "还没有导入对账单"
    return ""


def _seats(overview_data: Overview) -> list[dict[str, Any]]:
    listed = "/billing/tables/accounts/list"
    return [
        {"label": "已缴清", "value": overview_data.paid, "tone": "green", "href": listed},
        {"label": "部分缴费", "value": overview_data.partly, "tone": "yellow", "href": listed},
        {"label": "未缴", "value": overview_data.unpaid, "tone": "red", "href": listed},
    ]


def _money(stats: dict[str, int]) -> list[dict[str, Any]]:
    """Return the received money by its present use, in whole yuan."""
    rows = (
        ("已核销到学费", "applied_fen", "green"),
        ("暂挂（已知付款人）", "unapplied_fen", "azure"),
        ("未匹配", "unmatched_fen", "orange"),
        ("不予处理", "ignored_fen", "secondary"),
    )
    return [
        {"label": title, "value": max(stats[name], 0) // 100, "shown": yuan(stats[name]), "tone": tone}
        for title, name, tone in rows
    ]


def _refund_bar(state: str, totals: dict[str, int], stats: dict[str, int]) -> dict[str, Any]:
    badge, fen = labels.REFUNDS[state], totals.get(state, 0)
    count = stats[f"refunds_{state}"]
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
    """Show 对账调节表 over all imported statements."""
    content = documents.reconciliation_statement(queries.reconciliation(session, now=now))
    return file_reply(content, name=f"对账调节表 {local(now):%Y-%m-%d}.pdf", media_type=PDF, inline=True)
