"""A refusal as problem+json (RFC 9457), of bounded size. Used by web.py."""

import json
from http import HTTPStatus
from typing import Any

from fastapi import Request

from shared.foundation.errors import Refusal
from shared.foundation.language import localize

MOST_FAULTS = 50
MOST_BYTES = 16 * 1024
_LONGEST_DETAIL, _LONGEST_FIELD, _LONGEST_MESSAGE = 1000, 200, 300


def problem_of(request: Request, refusal: Refusal, status: int) -> dict[str, Any]:
    """Return the members of the problem: at most MOST_FAULTS `faults` and MOST_BYTES in all. `more_faults` counts the
    faults left out. Texts are cut, since they may contain what was sent."""
    problem: dict[str, Any] = {
        "type": f"{request.app.state.process.settings.public_url.rstrip('/')}/problems#{refusal.code}",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": localize(refusal)[:_LONGEST_DETAIL],
        "code": refusal.code,
        "instance": request.url.path[:_LONGEST_DETAIL],
        "correlation_id": getattr(request.state, "correlation_id", ""),
    }
    if not refusal.field_errors:
        return problem
    faults = [
        {
            "field": error.field[:_LONGEST_FIELD],
            "code": error.code,
            "message": localize(error)[:_LONGEST_MESSAGE],
        }
        for error in refusal.field_errors[:MOST_FAULTS]
    ]
    room = MOST_BYTES - _size(problem) - len(', "faults": [], "more_faults": 1000000')
    problem["faults"] = _fitting(faults, room)
    if left_out := len(refusal.field_errors) - len(problem["faults"]):
        problem["more_faults"] = left_out
    return problem


def _fitting(faults: list[dict[str, str]], room: int) -> list[dict[str, str]]:
    """Return the first faults that fit into `room` bytes."""
    fitting = []
    for fault in faults:
        room -= _size(fault) + len(", ")
        if room < 0:
            break
        fitting.append(fault)
    return fitting


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())
