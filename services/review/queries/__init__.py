"""Questions about review's state that change nothing. Called by actions, api.py and pages.py."""

from services.review.queries.cases import (
    candidate,
    case_with,
    cases_in,
    claim_of,
    claims_of,
    current_checks,
    title_of_scan,
)
from services.review.queries.figures import fates, figures
from services.review.queries.overview import Disagreement, disagreements, progress, waiting_work
from services.review.queries.programmes import newest_programme, programme_of, programmes
from services.review.queries.ranking import (
    entrants,
    formula_of,
    frozen_places,
    is_reproducible,
    missing_decisions,
    open_ties,
    ranking_of,
)
from services.review.queries.scores import (
    JudgeTask,
    judge_tasks,
    latest_sheets,
    panel_members,
    sheet_versions,
    sheets_awaited,
)
from services.review.queries.seats import (
    PromotionDue,
    WorkEntry,
    letters_of,
    open_item,
    promotions_due,
    seat_rows,
    seats_held,
    work_list,
)

__all__ = [
    "Disagreement",
    "JudgeTask",
    "PromotionDue",
    "WorkEntry",
    "candidate",
    "case_with",
    "cases_in",
    "claim_of",
    "claims_of",
    "current_checks",
    "disagreements",
    "entrants",
    "fates",
    "figures",
    "formula_of",
    "frozen_places",
    "is_reproducible",
    "judge_tasks",
    "latest_sheets",
    "letters_of",
    "missing_decisions",
    "newest_programme",
    "open_item",
    "open_ties",
    "panel_members",
    "programme_of",
    "programmes",
    "progress",
    "promotions_due",
    "ranking_of",
    "seat_rows",
    "seats_held",
    "sheet_versions",
    "sheets_awaited",
    "title_of_scan",
    "waiting_work",
    "work_list",
]
