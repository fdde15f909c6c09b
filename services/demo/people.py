"""Generates fictitious people with valid numbers: the demo's applicants, and names of legal representatives.

Called by cohort.py. All people are invented. Authorities hardly ever issue identity sequences of 970 and above.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Literal

from services.demo.identifiers import identity_number, mobile_number

SHARED_NAME = "陈国梁"
"""The name of two different applicants."""

RARE_NAMES = ("杨䶮", "周㛃", "李喆", "冉堃", "向昇", "罗垚", "谭玥", "何珺", "昂旺·泽仁", "欧阳思齐")
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余杜叶程苏魏吕丁任沈姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武戚牟简舒冉向骆"
GIVEN = {
    "male": "志远 明轩 建国 伟杰 俊峰 浩然 立群 长庚 承泽 沛然 子昂 书衡 望舒 海宁 晓东 泽宇 国栋 文博 天佑 鹏程 振华 学文 少华 永康 家骏 启明 正阳 云飞 一鸣 思源",
    "female": "雨桐 若琳 思琪 静怡 安澜 清越 知微 亦凡 梦瑶 慧敏 晓燕 丽华 欣怡 诗涵 佳宁 文静 秀英 春梅 婉清 可心 乐瑶 语嫣 芷若 嘉慧 雪莹 玉兰 美玲 向荣 采薇 念真",
}
# Current area codes, and abolished ones that adults still have on their cards (1981 to 2011, other provinces too).
ID_PREFIXES = (
    "500101 500102 500103 500105 500106 500107 500108 500109 500112 500113 500221 500222 500223 500224 500225 500226 "
    "500227 500228 500230 500234 500235 500240 500241 500381 500382 500383 500384 510202 510212 510222 512221 512301 "
    "512323 513521 110108 310104 320106 420106 440305 510107 520103 610113"
)
MOBILE_PREFIXES = ("130", "138", "150", "177", "186", "199")
EDUCATION = ("below_bachelor", "bachelor", "bachelor", "bachelor", "master", "master", "doctor")
OLDEST = date(1961, 12, 1)
YOUNGEST = date(1993, 11, 1)


@dataclass(frozen=True)
class Person:
    """An applicant's personal data, without the position in a firm."""

    name: str
    gender: Literal["male", "female"]
    born_on: date
    identity_type: str
    identity_number: str
    mobile: str
    email: str
    education: str

    def as_student(self) -> dict[str, Any]:
        """Return the fields of an application's student section that depend on the person."""
        return {
            "name": self.name,
            "gender": self.gender,
            "born_on": self.born_on.isoformat(),
            "identity_type": self.identity_type,
            "identity_number": self.identity_number,
            "mobile": self.mobile,
            "email": self.email,
            "education": self.education,
        }


def people(rng: Random, count: int) -> list[Person]:
    """Return `count` (at least 20) people aged 28 to 60. The first twelve have the rare and the shared names."""
    genders: list[Literal["male", "female"]] = [rng.choice(("male", "male", "female")) for _ in range(count)]
    names = _names(rng, genders)
    persons = [
        _person(rng, serial, name, gender) for serial, (name, gender) in enumerate(zip(names, genders, strict=True))
    ]
    persons[0] = _permanent_resident(persons[0])
    persons[1] = _hong_kong_resident(persons[1])
    return persons


def invented_name(rng: Random, gender: str = "male") -> str:
    """Return a surname with a given name of two characters."""
    return rng.choice(SURNAMES) + rng.choice(GIVEN[gender].split())


def _names(rng: Random, genders: list[Literal["male", "female"]]) -> list[str]:
    """Return one name per person, all different except the shared one."""
    names = [*RARE_NAMES, SHARED_NAME, SHARED_NAME]
    while len(names) < len(genders):
        name = invented_name(rng, genders[len(names)])
        if name not in names:
            names.append(name)
    return names


def _person(rng: Random, serial: int, name: str, gender: Literal["male", "female"]) -> Person:
    born_on = OLDEST + timedelta(days=rng.randrange((YOUNGEST - OLDEST).days))
    sequence = rng.randrange(970, 1000, 2) + (gender == "male")
    mobile = mobile_number(rng.choice(MOBILE_PREFIXES), 1000 + serial)
    return Person(
        name=name,
        gender=gender,
        born_on=born_on,
        identity_type="resident_id",
        identity_number=identity_number(rng.choice(ID_PREFIXES.split()), born_on, sequence),
        mobile=mobile,
        email=f"applicant{serial:03d}@mail.example.com",
        education=rng.choice(EDUCATION),
    )


def _permanent_resident(person: Person) -> Person:
    """A foreigner with the permanent resident card of 2023: 9, province, nationality, birth, sequence, check digit."""
    return _with_card(person, "foreign_permanent_resident", "950702")


def _hong_kong_resident(person: Person) -> Person:
    """A Hong Kong resident with a residence permit; its numbers begin with 810000."""
    return _with_card(person, "hk_mo_tw_permit", "810000")


def _with_card(person: Person, identity_type: str, prefix: str) -> Person:
    sequence = 970 + (person.gender == "male")
    number = identity_number(prefix, person.born_on, sequence)
    return Person(**{**vars(person), "identity_type": identity_type, "identity_number": number})
