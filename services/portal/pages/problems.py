"""The public page of problems: where the `type` of each refusal leads (RFC 9457)."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response

from shared.dashboard import page
from shared.foundation.language import in_english

router = APIRouter()
_FILE = Path(__file__).parents[1] / "problems.json"


@cache
def _problems() -> list[dict[str, Any]]:
    problems: list[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return problems


@router.get("/problems")
def show_problems(request: Request) -> Response:
    """Show every refusal: its code, its status, and its texts, with the remedy."""
    return page(request, "problems.html", title="接口错误代码", problems=_problems(), language=int(in_english()))
