"""Read-only queries on review's state. Called by actions, api.py and pages."""

from services.review.queries.cases import (
    candidate,
    case_with,
    cases_in,
    claim_of,
    claims_of,
    current_checks,
    title_of_scan,
)
from services.review.queries.letters import is_in_force, letter_behind, letters_of, printed_names
from services.review.queries.overview import Disagreement, disagreements, progress, waiting_work
from services.review.queries.programmes import chosen_programme, newest_programme, programme_of, programmes
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
    awaited_by_judge,
    judge_tasks,
    latest_sheets,
    panel_members,
    sheet_versions,
    sheets_awaited,
)
from services.review.queries.seats import (
    PromotionDue,
    WorkEntry,
    get_open_work_item,
    promotions_due,
    seat_rows,
    seats_by_case,
    seats_held,
    work_list,
)
from services.review.queries.stats import fates, stats

__all__ = [
    "Disagreement",
    "JudgeTask",
    "PromotionDue",
    "WorkEntry",
    "awaited_by_judge",
    "candidate",
    "case_with",
    "cases_in",
    "chosen_programme",
    "claim_of",
    "claims_of",
    "current_checks",
    "disagreements",
    "entrants",
    "fates",
    "formula_of",
    "frozen_places",
    "get_open_work_item",
    "is_in_force",
    "is_reproducible",
    "judge_tasks",
    "latest_sheets",
    "letter_behind",
    "letters_of",
    "missing_decisions",
    "newest_programme",
    "open_ties",
    "panel_members",
    "printed_names",
    "programme_of",
    "programmes",
    "progress",
    "promotions_due",
    "ranking_of",
    "seat_rows",
    "seats_by_case",
    "seats_held",
    "sheet_versions",
    "sheets_awaited",
    "stats",
    "title_of_scan",
    "waiting_work",
    "work_list",
]
