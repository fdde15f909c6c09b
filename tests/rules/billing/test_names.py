import pytest

from services.billing.rules.matching.names import comparable, is_personal, without_legal_form
from tests.billing.snapshots import ALPHA


def test_comparison_ignores_width_blanks_case_and_kind_of_dot():
    assert comparable("重庆 甲木（集团）有限公司\u200b") == comparable("重庆甲木(集团)有限公司")
    assert comparable("阿依•古丽") == comparable("阿依・古丽") == "阿依·古丽"
    assert comparable("ｚｘ２１") == "ZX21"


def test_the_legal_form_is_removed_only_at_the_end():
    assert without_legal_form("甲木股份有限公司") == without_legal_form("甲木有限责任公司") == "甲木"
    assert without_legal_form("甲木有限公司綦江分公司") == "甲木有限公司綦江分公司"


@pytest.mark.parametrize(("name", "personal"), [("王二", True), ("欧阳三省", True), ("阿依·古丽", True), ("甲木公司", False),
                                                ("某商店", False), ("", False), (ALPHA, False)])  # fmt: skip
def test_personal_names_are_distinguished_from_firms(name, personal):
    assert is_personal(comparable(name)) is personal
