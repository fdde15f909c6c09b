"""An example of each event, with invented data, for the AsyncAPI document. Values follow the schema and the names of the fields,
so that a new event has an example without a line here.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.events import Event
from shared.events.envelope import Envelope, source_of

_ID = UUID("0e1fb3a2-5c1d-4f4e-9a63-2d7c8b5e6f10")
_MOMENT = datetime(2031, 3, 10, 1, 30, tzinfo=UTC)
_FORMATS = {"uuid": str(_ID), "date-time": _MOMENT.isoformat(), "date": _MOMENT.date().isoformat()}
_DIGEST = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
_TEXTS = {
    "account": "reviewer01",
    "account_name": "示例培训中心",
    "account_number": "6200000000000000",
    "address": "示例区示例路1号",
    "application_no": "P31-0001",
    "bank": "示例银行示例支行",
    "code": "P31",
    "corrects": "31000000000000000001",
    "credit_code": "91000000MA00000000",
    "document_number": "示例〔2031〕1号",
    "education": "bachelor",
    "firm_name": "示例精密机械有限公司",
    "index": _DIGEST,
    "industry": "通用设备制造业",
    "institution": "示例大学",
    "invoice_number": "31000000000000000002",
    "item": "scan:application_form",
    "key": f"P31/{_DIGEST}",
    "kind": "application_form",
    "legal_representative": "周示",
    "letter_no": "P31-A-0001",
    "main_product": "减速器",
    "mask": "1***8",
    "media_type": "application/pdf",
    "name": "周示例",
    "name_en": "Example District",
    "organiser": "示例局",
    "ownership": "private",
    "panel": "第一组",
    "payee": "示例大学",
    "payment_reference": "LJ31000017",
    "place": "示例楼201室",
    "platform_no": "2031-000123",
    "position": "总经理",
    "programme": "P31",
    "reason": "材料不齐",
    "reasons": "出勤不足",
    "region": "示例市",
    "report_place": "示例楼大厅",
    "request_no": "P31-F-0001",
    "resume": "二十年制造业经历。",
    "role": "general_manager",
    "roles": "reviewer",
    "scale": "medium",
    "sealed": "AQIDBAUGBwgJCgsMDQ4PEA==",
    "sha256": _DIGEST,
    "tax_number": "91000000MA00000000",
    "text_version": "2031-1",
    "tie_order": "interview",
    "tier": "specialised",
    "title": "示例研修班",
    "unit_code": "U01",
}
_NUMBERS = {"amount_fen": 2_500_000, "paid_fen": 2_500_000, "total_fen": 2_500_000, "size": 48_213, "tier_year": 2030}


def example(contract: type[Event]) -> dict[str, Any]:
    """Return the headers and the payload of one message."""
    schema = contract.model_json_schema()
    payload = _value(schema, schema.get("$defs", {}), "")
    event = contract.model_validate(payload)
    envelope = Envelope(
        id=UUID(int=_ID.int + 1),
        type=contract.TYPE,
        source=source_of(contract.TYPE),
        subject=event.subject,
        sequence=1,
        time=_MOMENT,
        correlation_id=str(UUID(int=_ID.int + 2)),
        body=b"",
    )
    return {"name": contract.__name__, "headers": envelope.headers, "payload": payload}


def _value(schema: dict[str, Any], definitions: dict[str, Any], name: str) -> Any:
    """Return a value that is valid for the schema of the field `name`."""
    match schema:
        case {"$ref": reference}:
            return _value(definitions[reference.rpartition("/")[2]], definitions, name)
        case {"const": value} | {"enum": [value, *_]}:
            return value
        case {"anyOf": [first, *_]}:
            return _value(first, definitions, name)
        case {"properties": fields}:
            return {field: _value(one, definitions, field) for field, one in fields.items()}
        case {"additionalProperties": dict(values)}:
            return {"strategy": _value(values, definitions, name)}
        case {"prefixItems": items}:
            return [_value(one, definitions, name) for one in items]
        case {"items": one}:
            return [_value(one, definitions, name)]
        case {"type": "string"}:
            return _FORMATS.get(schema.get("format", ""), _TEXTS.get(name, name))
        case {"type": "integer"}:
            return _NUMBERS.get(name, 1)
        case {"type": "boolean"}:
            return True
    raise TypeError(f"no example for {name}: {schema}")
