"""Writes docs/events.md, docs/asyncapi.yaml and the snapshots of tests/contracts from the contracts.

`python -m tools.event_docs`, for developers.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from shared.events import CONTRACTS, SERVICES, Event
from shared.events.subscriptions import SUBSCRIPTIONS
from tools.asyncapi import document

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "events.md"
ASYNCAPI = ROOT / "docs" / "asyncapi.yaml"
FOREIGN = Path(__file__).parent / "event_docs_preface.md"
SNAPSHOTS = ROOT / "tests" / "contracts" / "snapshots"


def page() -> str:
    """The text of docs/events.md."""
    lines = [
        "# Events",
        "",
        "Written by `make events` from `shared/events/`; `make check` fails when it is stale. Every event travels as",
        "CloudEvents 1.0 in AMQP binary mode: the attributes as headers with the prefix `cloudEvents:`, the JSON below as",
        "the body. `sequence` counts per (source, subject). The portal hears everything and is not listed. The same as an",
        "AsyncAPI 3.0 document, with every field and its form: `asyncapi.yaml` beside this page.",
        "",
        FOREIGN.read_text(),
    ]
    for service in SERVICES:
        lines += [f"## {service}", ""]
        for contract in (one for one in CONTRACTS.values() if one.TYPE.startswith(f"{service}.")):
            lines += _section(contract)
    return "\n".join(lines)


def _section(contract: type[Event]) -> list[str]:
    heard_by = [name for name, heard in SUBSCRIPTIONS.items() if contract in heard and name != "portal"]
    rows = [f"| `{name}` | {_type_of(field.annotation)} |" for name, field in contract.model_fields.items()]
    return [
        f"### {contract.__name__}",
        "",
        f"`{contract.TYPE}` · part *{contract.PART}* · heard by {', '.join(heard_by) or 'nobody else'}",
        "",
        " ".join((contract.__doc__ or "").split()),
        "",
        "| field | type |",
        "|---|---|",
        *rows,
        "",
    ]


def _type_of(annotation: Any) -> str:
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return annotation.__name__
    text = str(annotation).replace("typing.", "").replace("datetime.", "").replace("uuid.", "")
    return "".join(part.rpartition(".")[2] if "shared." in part else part for part in _split(text)).replace("|", "\\|")


def _split(text: str) -> list[str]:
    for mark in "[], ":
        text = text.replace(mark, f"\0{mark}\0")
    return text.split("\0")


def asyncapi() -> str:
    """The text of docs/asyncapi.yaml."""
    note = "# Written by `make events` from shared/events/; `make check` fails when it is stale.\n"
    return note + yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=120)


def schemas() -> dict[str, dict[str, Any]]:
    """Wire name -> JSON schema."""
    return {name: contract.model_json_schema() for name, contract in sorted(CONTRACTS.items())}


def kept() -> dict[str, dict[str, Any]]:
    """Wire name -> the schema that was written last."""
    return {path.stem: json.loads(path.read_text()) for path in SNAPSHOTS.glob("*.json")}


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Where a reader or writer of `old` would fail with `new`: a field gone, retyped, or newly required."""
    found = []
    for name, before in [("", old), *old.get("$defs", {}).items()]:
        after = new if not name else new.get("$defs", {}).get(name, {})
        for field, schema in before.get("properties", {}).items():
            if field not in after.get("properties", {}):
                found.append(f"{name}.{field} is gone")
            elif _shape(after["properties"][field]) != _shape(schema):
                found.append(f"{name}.{field} changed")
        newly = set(after.get("required", [])) - set(before.get("required", []))
        found += [f"{name}.{field} is newly required" for field in sorted(newly)]
    return found


def _shape(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("title", "description", "default")}


def main() -> None:
    """Writes the page, the AsyncAPI document and the snapshots; a contract that was broken is refused before its snapshot is
    forgotten: what changes so needs a new version beside it."""
    fresh = schemas()
    if broken := [f"{name}: {one}" for name, old in kept().items() for one in breaks(old, fresh.get(name, {}))]:
        raise SystemExit("\n".join(["These contracts would be broken; give the event a new version:", *broken]))
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
    ASYNCAPI.write_text(asyncapi())
    SNAPSHOTS.mkdir(parents=True, exist_ok=True)
    for name, schema in fresh.items():
        (SNAPSHOTS / f"{name}.json").write_text(json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
