"""Generates fictitious firms with names, codes, tiers and financial data. Called by cohort.py.

No known firm uses these brand names, and no register issues these credit codes.
"""

from random import Random
from typing import Any

from services.demo.identifiers import credit_code
from services.demo.people import invented_name

BRAND_FIRST = "珺湉砚翎赪珩屹琮骁嵘澍栎甯砺淙岫"
BRAND_SECOND = "槿拓衡昶桁渥澜渟泓钧睿铎沅旻峰珏澄"
TRADES = (
    ("汽车零部件", "C3670 汽车零部件及配件制造", "新能源汽车电驱动壳体"),
    ("液压件制造", "C3444 液压动力机械及元件制造", "高压柱塞泵"),
    ("轻合金", "C3252 铝压延加工", "航空级铝合金型材"),
    ("智能装备", "C3569 其他电子专用设备制造", "精密装配单元"),
    ("精密传动", "C3453 齿轮及齿轮减、变速箱制造", "谐波减速器"),
    ("生物制药", "C2761 生物药品制造", "诊断用酶制剂"),
    ("环保工程技术", "C3591 环境保护专用设备制造", "膜法水处理装置"),
    ("光电技术", "C3976 光电子器件制造", "红外探测组件"),
    ("医疗器械", "C3581 医疗诊断、监护及治疗设备制造", "微创手术器械"),
    ("新材料", "C2651 初级形态塑料及合成树脂制造", "特种工程塑料"),
    ("数控刀具", "C3421 金属切削机床制造", "硬质合金涂层刀具"),
    ("电子科技", "C3982 电子电路制造", "高频覆铜板"),
)
SUFFIXES = ("有限公司", "有限公司", "有限公司", "有限责任公司", "股份有限公司")
TIERS = (
    ["national_little_giant"] * 3
    + ["municipal_little_giant"] * 5
    + ["hidden_champion"] * 3
    + ["specialised"] * 7
    + ["none"] * 2
)
# Scale by staff, 工信部联企业〔2011〕300号 for industry: (scale, fewest, most staff, least, most yuan of revenue).
SCALES = (
    ("micro", 8, 19, 800_000, 2_900_000),
    ("small", 20, 299, 3_000_000, 19_000_000),
    ("small", 20, 299, 3_000_000, 19_000_000),
    ("medium", 300, 999, 20_000_000, 390_000_000),
    ("medium", 300, 999, 20_000_000, 390_000_000),
    ("large", 1000, 2600, 400_000_000, 900_000_000),
)
# The registration areas of the firms in the three zones.
ZONE_AREAS = {"CQ-LJ": "500112", "CQ-GX": "500107", "CQ-WS": "500110"}


def firm(rng: Random, serial: int, unit: dict[str, Any]) -> dict[str, Any]:
    """Return a firm of a unit with the fields of `FirmIn`. `serial` (1..271) makes brand and credit code unique."""
    brand = BRAND_FIRST[serial % len(BRAND_FIRST)] + BRAND_SECOND[serial % len(BRAND_SECOND)]
    trade, industry, product = rng.choice(TRADES)
    tier = rng.choice(TIERS)
    scale, fewest, most, least_yuan, most_yuan = rng.choice(SCALES)
    return {
        "name": _name(rng, serial, brand, trade),
        "former_name": f"重庆{brand}{trade}厂" if serial % 23 == 0 else None,
        "credit_code": credit_code(ZONE_AREAS.get(unit["code"], unit["code"]), serial),
        "address": f"重庆市{unit['name']}示例工业园{brand}路{rng.randint(1, 199)}号",
        "legal_representative": invented_name(rng),
        "founded_on": f"{rng.randint(1996, 2016)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
        "scale": scale,
        "ownership": rng.choice(("private", "private", "private", "private", "state", "joint", "foreign")),
        "industry": industry,
        "main_product": product,
        "tier": tier,
        "tier_year": None if tier == "none" else rng.choice((2019, 2020, 2021, 2021)),
        **_stats(rng, least_yuan, most_yuan),
        "employees": rng.randint(fewest, most),
    }


def _name(rng: Random, serial: int, brand: str, trade: str) -> str:
    """Usually 重庆 + brand + trade. Some names have brackets, and one exceeds the 60 bytes of some banks."""
    suffix = rng.choice(SUFFIXES)
    if serial == 1:
        return f"重庆{brand}（成渝地区双城经济圈）智能网联新能源汽车动力电池系统制造有限公司"
    if serial % 9 == 2:
        return f"重庆{brand}（集团）{trade}{suffix}"
    if serial % 9 == 5:
        return f"{brand}（重庆）{trade}{suffix}"
    return f"重庆{brand}{trade}{suffix}"


def _stats(rng: Random, least_yuan: int, most_yuan: int) -> dict[str, list[str]]:
    """Return three years of revenue and research costs (yuan, two decimals). The last year decides the scale."""
    newest_fen = rng.randrange(least_yuan, most_yuan) * 100 + rng.randrange(100)
    older_fen = [newest_fen * rng.randint(60, 80) // 100, newest_fen * rng.randint(80, 105) // 100]
    revenue = [*older_fen, newest_fen]
    research = [fen * rng.randint(25, 95) // 1000 for fen in revenue]
    return {"revenue": [_yuan(fen) for fen in revenue], "research": [_yuan(fen) for fen in research]}


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
