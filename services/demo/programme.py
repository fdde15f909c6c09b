"""The reference programme, notice 渝经信中小〔2021〕18号, as plain data. Published by the demo's player and the journey tests.

The demo invents every setting that the notice leaves open (scoring, bank account, promotion days).
"""

import csv
from pathlib import Path
from typing import Any

CODE = "CQ-2021-ZJTX"
UNITS_FILE = Path(__file__).with_name("districts.csv")
INSTITUTE = "北京示例领军信息技术研究院有限公司"
SERVICE_CENTRE = "重庆市中小企业发展服务中心"
ACCOUNT_NUMBER = "0200009999200066401"
"""The institute's account: fictitious, in the format of a Beijing corporate account."""


def programme() -> dict[str, Any]:
    """Return the programme with the exact fields of `shared.events.intake.Programme`, ready for JSON; fen, UTC."""
    return {
        "code": CODE,
        "version": 1,
        "title": "2021年中小企业经营管理领军人才“专精特新”专题培训",
        "document_number": "渝经信中小〔2021〕18号",
        "organiser": "重庆市经济和信息化委员会",
        "institution": INSTITUTE,
        "opens_at": "2021-11-21T16:00:00Z",
        "closes_at": "2021-12-01T16:00:00Z",
        "quota": 50,
        "max_per_firm": 2,
        "fee_lines": _fee_lines(),
        "units": filing_units(),
        "required_scans": _required_scans(),
        "scoring": _scoring(),
        "plan": _plan(),
        "remittance": {
            "account_name": INSTITUTE,
            "bank": "中国工商银行股份有限公司北京示例支行",
            "account_number": ACCOUNT_NUMBER,
        },
        "publicity_days": 0,
        "pay_by": "2021-12-16T16:00:00Z",
        # Seats lapse on 18 December at the earliest, once a statement covers pay_by. Four days later is the 22nd.
        "promotion_pay_days": 4,
        "waiting_list_places": 20,
        "report_at": "2021-12-24T01:00:00Z",
        "report_place": "重庆市两江新区示例大道1号示例培训中心一楼报到处",
        "letter_code": "渝领",
    }


def filing_units() -> list[dict[str, Any]]:
    """Return the 41 units of the notice. Clause 6.2 requires two firms per 区县（自治县） and omits the zones."""
    with UNITS_FILE.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    return [
        {
            "code": row["code"],
            "name": row["name_zh"],
            "name_en": row["name_en"],
            "kind": row["kind"],
            "owed": 0 if row["kind"] == "development_zone" else 2,
        }
        for row in rows
    ]


def _fee_lines() -> list[dict[str, Any]]:
    """Clause 4: 40,000 yuan per person in three parts. The subsidies go directly to the service centre."""
    return [
        {"code": "central", "title": "中央财政补贴", "payee": SERVICE_CENTRE, "amount_fen": 1_000_000},
        {"code": "municipal", "title": "市财政补贴", "payee": SERVICE_CENTRE, "amount_fen": 500_000},
        {"code": "self", "title": "学员自筹", "payee": INSTITUTE, "amount_fen": 2_500_000},
    ]


def _required_scans() -> list[dict[str, str]]:
    """The scans that clause 5.3 requires."""
    return [
        {"kind": "form", "title": "领军人才“专精特新”专题培训申请表"},
        {"kind": "licence", "title": "公司营业执照"},
        {"kind": "identity", "title": "学员身份证"},
    ]


def _scoring() -> dict[str, Any]:
    """Clause 5.4.3 names the three parts. The demo invents their weights and the interview items."""
    return {
        "firm_points": 30,
        "materials_points": 20,
        "interview_points": 50,
        "interview_items": {"strategy": 30, "innovation": 25, "learning": 20, "expression": 15, "commitment": 10},
        "item_titles": {
            "strategy": "战略规划",
            "innovation": "创新与专业化",
            "learning": "学习目标",
            "expression": "表达与思辨",
            "commitment": "时间投入承诺",
        },
        "trim_from_panel_size": 5,
        "tie_order": ["interview", "tier", "newly_listed", "untrimmed_mean", "committee"],
    }


def _plan() -> dict[str, Any]:
    """The teaching plan of clause 3. "Every 1 to 2 months" means 28 to 62 days from start to start."""
    return {
        "days": 16,
        "hours": 128,
        "hours_per_day": 8,
        "module_days": [2, 3],
        "min_gap_days": 28,
        "max_gap_days": 62,
        "practice_percent": 70,
        "mentor_percent": 50,
        "tolerance_points": 2,
        "min_regions": 2,
        "first_day": "2021-12-25",
        "last_day": "2022-12-24",
    }
