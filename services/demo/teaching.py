"""Fictitious teachers and venues for the teaching plan of clause 3. Called by the demo's player."""

from dataclasses import dataclass
from typing import Literal

REGIONS = ("重庆", "成都", "苏州")


@dataclass(frozen=True)
class Teacher:
    """A mentor from a firm or a professor, with the regions in which the person teaches."""

    name: str
    kind: Literal["mentor", "professor"]
    regions: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class Venue:
    """A classroom, or a model firm that receives the class; some firms work on Saturdays too."""

    name: str
    region: str
    kind: Literal["classroom", "firm"]
    works_saturdays: bool = False


TEACHERS = (
    Teacher("匠心远", "mentor", REGIONS, "示例精工集团董事长"),
    Teacher("匠行之", "mentor", ("重庆", "成都"), "示例智造公司总经理"),
    Teacher("匠立新", "mentor", ("重庆", "苏州"), "示例传动公司总工程师"),
    Teacher("匠思进", "mentor", ("成都", "苏州"), "示例光电公司创始人"),
    Teacher("匠守正", "mentor", REGIONS, "示例材料公司董事长"),
    Teacher("师道明", "professor", REGIONS, "示例理工大学教授"),
    Teacher("师闻道", "professor", ("重庆", "成都"), "示例工商管理学院教授"),
    Teacher("师博文", "professor", ("重庆", "苏州"), "示例产业研究院研究员"),
    Teacher("师约礼", "professor", ("成都", "苏州"), "示例财经大学教授"),
    Teacher("师致远", "professor", REGIONS, "示例政策研究中心研究员"),
)
VENUES = (
    Venue("示例培训中心第一教室", "重庆", "classroom"),
    Venue("重庆示例齿轮工厂", "重庆", "firm", works_saturdays=True),
    Venue("重庆示例智能装备工厂", "重庆", "firm", works_saturdays=True),
    Venue("成都示例会议中心", "成都", "classroom"),
    Venue("成都示例航空部件工厂", "成都", "firm", works_saturdays=True),
    Venue("苏州示例学习中心", "苏州", "classroom"),
    Venue("苏州示例精密模具工厂", "苏州", "firm", works_saturdays=True),
)
