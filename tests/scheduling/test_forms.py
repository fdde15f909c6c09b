"""Form fields of scheduling's pages."""

import pytest

from services.demo.staff import panels
from services.scheduling.pages.forms import parse_judges
from services.scheduling.rules.interviews.panels import JudgeEntry
from shared.foundation.errors import Invalid

CODE = panels()[0].judges[0].employer_credit_code
OTHER = panels()[1].judges[0].employer_credit_code


def test_a_judges_line_may_name_other_linked_firms():
    typed = f"judge01 评一川 {CODE.lower()}\njudge02，评二泉，{CODE}，{OTHER.lower()}、{CODE}"
    assert parse_judges(typed) == [
        JudgeEntry("judge01", "评一川", CODE),
        JudgeEntry("judge02", "评二泉", CODE, (OTHER, CODE)),
    ]
    with pytest.raises(Invalid, match="至少应有三项"):
        parse_judges("judge01 评一川")
