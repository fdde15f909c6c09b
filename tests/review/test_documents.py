"""Review's letters and ranking table: they contain the required text and stay within the page."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from services.demo.programme import programme
from services.review.documents import (
    AdmissionLetter,
    Check,
    NotSelectedLetter,
    Ranking,
    RankingRow,
    WaitingListLetter,
    admission_letter,
    not_selected_letter,
    ranking_table,
    waiting_list_letter,
)
from shared.events.intake import Programme
from tests.printed import (
    LATIN_FIRM,
    LONG_FIRM,
    MARKUP,
    RARE,
    column_of,
    metadata,
    pages,
    squeezed,
    stays_within_margins,
    words,
)

PROGRAMME = Programme.model_validate(programme())
NOW = datetime(2021, 12, 9, 1, tzinfo=UTC)
CHECK = Check("ABCD-EFGH-IJKL-MN23", "https://training.example.cn/review/check")
COMMON: dict[str, Any] = {"programme": PROGRAMME, "check": CHECK, "issued_on": date(2021, 12, 9), "now": NOW}
ADMISSION = AdmissionLetter(
    **COMMON,
    number="渝领训〔2021〕41号",
    name="杨𬍛",
    firm="重庆屹澜汽车零部件有限公司",
    payment_reference="ZX21000889",
    pay_by=PROGRAMME.pay_by,
)
WAITING = WaitingListLetter(**COMMON, number="渝领候〔2021〕3号", name="龑喆", firm="重庆赪桁轻合金有限公司", rank=3)
REFUSED = NotSelectedLetter(**COMMON, number="渝领复〔2021〕7号", name="彧堃", firm="重庆琮渟齿轮箱股份有限公司")
ROW = RankingRow(
    1, "杨𬍛", "重庆屹澜汽车零部件有限公司", "渝中区", 2850, 1905, 4525, 9280, "admitted", "面试成绩高者在前"
)


def ranking(*rows: RankingRow) -> Ranking:
    return Ranking(PROGRAMME, NOW, "评审甲", rows, NOW, "评审乙")


def test_the_admission_letter_names_person_time_place_and_what_to_bring():
    letter = words(admission_letter(ADMISSION))

    assert letter.startswith("入学通知书渝领训〔2021〕41号重庆屹澜汽车零部件有限公司杨𬍛同志：")
    assert "报到时间：2021年12月24日09:00。报到地点：重庆市两江新区示例大道1号示例培训中心一楼报到处。" in letter
    assert (
        "1.申请表原件（须加盖公司公章，并与网上提交的扫描件一致）；2.学员一寸证件照两张；3.本人有效身份证件原件。"
        in letter
    )
    assert "食宿、交通、集体活动等相关费用自理" in letter
    assert "北京示例领军信息技术研究院有限公司2021年12月9日查验码ABCD-EFGH-IJKL-MN23，扫描二维码" in letter


def test_the_admission_letter_carries_the_fee_table_and_the_account():
    letter = words(admission_letter(ADMISSION))

    assert "培训总费用为40,000.00元/人（人民币肆万元整）" in letter
    assert "中央财政补贴重庆市中小企业发展服务中心10,000.00市财政补贴重庆市中小企业发展服务中心5,000.00" in letter
    assert "学员自筹北京示例领军信息技术研究院有限公司25,000.00合计40,000.00" in letter
    assert "学员自筹25,000.00元（人民币贰万伍仟元整），请于2021年12月16日24时前汇入" in letter
    assert "账号0200009999200066401缴费识别码ZX21000889汇款金额25,000.00元（贰万伍仟元整）" in letter


def test_quotation_marks_inside_quotation_marks_are_single_ones():
    title = "“2021年中小企业经营管理领军人才‘专精特新’专题培训”"

    for letter in (admission_letter(ADMISSION), waiting_list_letter(WAITING), not_selected_letter(REFUSED)):
        assert title in words(letter)


def test_a_limit_within_a_day_prints_with_its_time():
    letter = replace(ADMISSION, pay_by=datetime(2021, 12, 22, 9, 30, tzinfo=UTC))

    assert "请于2021年12月22日17:30前汇入" in words(admission_letter(letter))


def test_a_contact_is_printed_only_if_present():
    assert "联系方式" not in words(admission_letter(ADMISSION))
    assert "联系方式：023-00000000。" in words(admission_letter(replace(ADMISSION, contact="023-00000000")))


def test_the_waiting_list_letter_states_the_rank_and_the_refund():
    letter = words(waiting_list_letter(WAITING))

    assert "龑喆同志" in letter
    assert "您列入候补名单第3位" in letter
    assert "候补名单于开班时（2021年12月24日）关闭" in letter
    assert "将原路退回至原汇款账户" in letter


def test_the_refusal_letter_promises_the_refund():
    letter = words(not_selected_letter(REFUSED))

    assert "彧堃同志" in letter
    assert "未能入选" in letter
    assert "将原路退回至原汇款账户" in letter
    assert "ZX" not in letter


def test_letters_print_markup_literally_and_rare_names():
    for printed in (
        admission_letter(replace(ADMISSION, name=RARE, firm=MARKUP)),
        waiting_list_letter(replace(WAITING, name=RARE, firm=MARKUP)),
        not_selected_letter(replace(REFUSED, name=RARE, firm=MARKUP)),
        ranking_table(ranking(replace(ROW, name=RARE, firm=MARKUP))),
    ):
        assert RARE in words(printed)
        assert squeezed(MARKUP) in words(printed)


def test_letters_to_firms_with_a_hundred_characters_stay_in_the_type_area():
    for firm in (LONG_FIRM, LATIN_FIRM):
        for printed in (
            admission_letter(replace(ADMISSION, firm=firm)),
            waiting_list_letter(replace(WAITING, firm=firm)),
            not_selected_letter(replace(REFUSED, firm=firm)),
        ):
            assert firm in words(printed)
            assert stays_within_margins(printed)


def test_the_signature_is_never_alone_on_a_page():
    last_pages = [
        pages(admission_letter(replace(ADMISSION, firm=LONG_FIRM, self_borne="食宿" * length)))[-1]
        for length in range(1, 60, 7)
    ]

    assert [page for page in last_pages if "相关费用自理" not in page] == []


def test_equal_letters_give_equal_bytes_dated_by_the_given_clock():
    assert admission_letter(ADMISSION) == admission_letter(ADMISSION)
    assert metadata(admission_letter(ADMISSION))["CreationDate"].startswith("D:20211209010000")
    assert metadata(admission_letter(ADMISSION))["Title"] == "入学通知书"


def test_the_ranking_repeats_its_head_and_its_signature_lines_on_every_page():
    rows = [replace(ROW, rank=rank, total_points=9280 - rank) for rank in range(1, 131)]
    printed = pages(ranking_table(ranking(*rows)))

    assert len(printed) > 5
    assert [page for page in printed if "名次姓名企业名称推荐单位" not in page] == []
    assert [page for page in printed if "评审委员会负责人：冻结人：发布人：" not in page] == []
    assert [rank for rank in range(1, 131) if f"{(9280 - rank) / 100:.2f}" not in "".join(printed)] == []


def test_a_ranking_row_shows_points_outcome_and_why_a_tie_was_broken():
    printed = words(ranking_table(ranking(ROW, replace(ROW, rank=2, outcome="waitlisted", note=""))))

    assert "1杨𬍛重庆屹澜汽车零部件有限公司渝中区28.5019.0545.2592.80拟录取面试成绩高者在前" in printed
    assert "2杨𬍛重庆屹澜汽车零部件有限公司渝中区28.5019.0545.2592.80候补" in printed
    assert "冻结时间：2021年12月9日09:00，冻结人：评审甲，发布人：评审乙" in printed


def test_long_firm_names_stay_in_their_column_of_the_ranking():
    printed = ranking_table(
        ranking(replace(ROW, firm=LATIN_FIRM, unit="酉阳土家族苗族自治县"), replace(ROW, firm=LONG_FIRM))
    )
    left, right = column_of(printed, "W")

    assert LONG_FIRM in words(printed)
    assert right - left <= 51
    assert stays_within_margins(printed, left=35, right=37, top=28)
