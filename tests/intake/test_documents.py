"""The four annexes of a notice, typeset from a programme."""

from datetime import UTC, datetime

import pytest

from services.demo.programme import programme
from services.intake.documents import Annexes, application_form, remittance_details, teaching_plan, year_schedule
from shared.events.intake import PlanRule, Programme
from tests.printed import MARKUP, metadata, pages, squeezed, stays_within_margins, words

PROGRAMME = Programme.model_validate(programme())
NOW = datetime(2021, 11, 22, 1, tzinfo=UTC)
ANNEXES = Annexes(
    PROGRAMME,
    NOW,
    goals=("助推企业聚集主业、强化创新",),
    topics=("企业高质量发展", "企业创新能力提升"),
)


def with_plan(**changes: object) -> Annexes:
    plan = PlanRule.model_validate(PROGRAMME.plan.model_dump() | changes)
    return Annexes(PROGRAMME.model_copy(update={"plan": plan}), NOW)


def test_the_application_form_has_two_pages_with_every_group_of_fields():
    front, back = pages(application_form(ANNEXES))

    assert front.startswith("附件12021年中小企业经营管理领军人才“专精特新”专题培训申请表")
    assert [
        name for name in ("姓名", "证件号码", "统一社会信用代码", "企业规模", "梯度培育称号") if name not in front
    ] == []
    expected = ("营业收入", "发票抬头", "工作简历", "学员承诺", "加盖公司公章", "□推荐□不推荐□待定")
    assert [name for name in expected if name not in back] == []
    assert "1.领军人才“专精特新”专题培训申请表；2.公司营业执照；3.学员身份证；以上资料" in back
    assert "截止时间为2021年12月1日24时前" in back


def test_the_year_schedule_lists_the_possible_number_of_modules():
    text = words(year_schedule(ANNEXES))

    assert "全年16天，不少于128课时，每天8课时" in text
    assert "授课次数6至8次" in text
    assert "第8次" in text
    assert "第9次" not in text
    assert "开班时间以入学通知书为准" in text


def test_a_schedule_of_equal_modules_has_a_single_module_count():
    text = words(year_schedule(with_plan(days=10, hours=60, module_days=(5,), hours_per_day=6)))

    assert "授课次数2次" in text
    assert "第2次与上次相隔28至62天530待定" in text
    assert "视前次天数安排" not in text


def test_the_teaching_plan_prints_shares_in_lesson_hours():
    text = words(teaching_plan(ANNEXES))

    assert "实战（企业现场教学、案例研讨）70%89.6课程理论30%38.4" in text
    assert "企业导师50%64师资专家教授50%64" in text
    assert "允许偏差为上下2个百分点" in text
    assert (
        "二、培训目标助推企业聚集主业、强化创新。三、培训内容1.企业高质量发展。2.企业创新能力提升。四、课程和师资构成"
        in text
    )


def test_a_teaching_plan_without_goals_and_topics_is_numbered_without_gaps():
    assert "二、课程和师资构成" in words(teaching_plan(Annexes(PROGRAMME, NOW)))


def test_the_remittance_annex_is_one_page_with_account_amount_and_fee_table():
    (page,) = pages(remittance_details(ANNEXES))

    assert "账号0200009999200066401" in page
    assert "每名学员25,000.00元（贰万伍仟元整）" in page
    assert "中央财政补贴重庆市中小企业发展服务中心10,000.00" in page
    assert "每人合计40,000.00" in page
    assert "收款确认不是发票" in page


@pytest.mark.parametrize("annex", [application_form, year_schedule, teaching_plan, remittance_details])
def test_each_annex_prints_markup_in_a_title_literally_and_within_the_margins(annex):
    annexes = Annexes(PROGRAMME.model_copy(update={"title": MARKUP + "特别长的项目名称" * 12}), NOW)

    assert squeezed(MARKUP) in words(annex(annexes))
    assert stays_within_margins(annex(annexes))
    assert annex(annexes) == annex(annexes)
    assert metadata(annex(annexes))["CreationDate"].startswith("D:20211122010000")
