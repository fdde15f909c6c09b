"""Scheduling's notices, sheets and lists: they contain the required text and stay within the page."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pypdfium2 as pdfium
import pytest

from services.scheduling.documents import (
    CertificateList,
    Certified,
    InterviewNotice,
    Lesson,
    NotCertified,
    NotCertifiedList,
    Signer,
    SignInSheet,
    TeachingCalendar,
    certificate_list,
    interview_notice,
    not_certified_list,
    sign_in_sheet,
    teaching_calendar,
)
from tests.printed import LATIN_FIRM, LONG_FIRM, MARKUP, RARE, column_of, pages, squeezed, stays_within_margins, words

TITLE = "2021年中小企业经营管理领军人才“专精特新”专题培训"
INSTITUTION = "北京示例领军信息技术研究院有限公司"
FIRM = "重庆屹澜汽车零部件有限公司"
NOW = datetime(2021, 12, 4, 1, tzinfo=UTC)

NOTICE = InterviewNotice(
    programme=TITLE,
    institution=INSTITUTION,
    name="杨𬍛",
    firm=FIRM,
    starts_at=datetime(2021, 12, 6, 1, tzinfo=UTC),
    ends_at=datetime(2021, 12, 6, 1, 20, tzinfo=UTC),
    mode="on_site",
    place="示例培训中心三楼302室",
    panel="第2评审组",
    issued_on=date(2021, 12, 4),
    now=NOW,
)
SHEET = SignInSheet(
    programme=TITLE,
    module=1,
    on=date(2021, 12, 25),
    half="am",
    topic="企业创新能力提升",
    teacher="彧翀",
    place="示例培训中心一楼报告厅",
    hours=4,
    students=tuple(Signer(f"学员{number:02}", FIRM) for number in range(1, 51)),
    now=NOW,
)
LESSON = Lesson(
    1, date(2021, 12, 25), "am", "practice", "企业现场教学", "彧翀", "mentor", "重庆示例制造有限公司", "重庆", 4
)
CERTIFIED = Certified("杨𬍛", "5****************2", FIRM, 128)
CERTIFICATES = CertificateList(TITLE, INSTITUTION, date(2021, 12, 25), date(2022, 8, 14), (CERTIFIED,) * 48, NOW)
MISSING = NotCertified("龑喆", "5****************2", FIRM, 124, ("缺2022年1月15日上午4课时未补", "考核不合格"))
WIDE = {"left": 35, "right": 37, "top": 28}


def landscape(pdf: bytes) -> bool:
    return all(page.get_width() > page.get_height() for page in pdfium.PdfDocument(pdf))


def test_an_interview_notice_on_site_names_time_room_and_panel():
    (page,) = pages(interview_notice(NOTICE))

    assert f"面试通知{FIRM}杨𬍛同志：" in page
    assert "面试时间2021年12月6日09:00—09:20面试方式现场面试地点示例培训中心三楼302室评审组第2评审组" in page
    assert "携带证件本人有效身份证件原件" in page
    assert "请提前15分钟到场签到" in page
    assert f"{INSTITUTION}2021年12月4日" in page


def test_an_online_interview_notice_prints_its_whole_link():
    link = "https://meeting.example/" + "a1" * 80
    printed = interview_notice(replace(NOTICE, mode="online", place=link))

    assert f"面试方式线上会议链接{link}" in words(printed)
    assert "进入会议" in words(printed)
    assert stays_within_margins(printed)


def test_a_sign_in_sheet_is_landscape_and_repeats_its_head():
    sheet = sign_in_sheet(SHEET)

    assert landscape(sheet)
    assert "第1次集中授课2021年12月25日上午4课时应到50人" in pages(sheet)[0]
    assert [page for page in pages(sheet) if "序号姓名单位签名课时备注" not in page] == []
    assert [page for page in pages(sheet) if "授课教师：班主任：" not in page] == []
    assert [student.name for student in SHEET.students if student.name not in words(sheet)] == []


def test_the_teaching_calendar_adds_up_hours_and_shares():
    lessons = (
        LESSON,
        replace(LESSON, half="pm", kind="theory", teacher_kind="professor"),
        replace(LESSON, module=2, on=date(2022, 1, 22), region="成都"),
    )
    printed = words(teaching_calendar(TeachingCalendar(TITLE, INSTITUTION, 2, lessons, NOW)))

    assert "第2版共2次、2天、12课时，2个地区；实战课程占66.7%，企业导师授课占66.7%（按课时计）" in printed
    assert "合计12" in printed
    assert "2021-12-25下午理论" in printed


def test_a_year_of_lessons_repeats_its_head_and_stays_on_the_sheet():
    lessons = tuple(
        replace(LESSON, module=day // 2 + 1, on=LESSON.on + timedelta(days=day * 14), half=half, place=LONG_FIRM)
        for day in range(16)
        for half in ("am", "pm")
    )
    printed = teaching_calendar(TeachingCalendar(TITLE, INSTITUTION, 1, lessons, NOW))

    assert landscape(printed)
    assert stays_within_margins(printed, **WIDE)
    assert "共8次、16天、128课时，1个地区" in words(printed)
    assert [page for page in pages(printed) if "次序日期半天类别课程教师地点地区课时" not in page] == []


def test_a_calendar_without_lessons_prints_no_shares():
    assert "实战课程占—" in words(teaching_calendar(TeachingCalendar(TITLE, INSTITUTION, 1, (), NOW)))


def test_the_certificate_list_carries_masked_numbers_hours_and_results():
    printed = certificate_list(CERTIFICATES)

    assert landscape(printed)
    assert f"48杨𬍛5****************2{FIRM}128合格" in words(printed)
    assert "培训时间：2021年12月25日至2022年8月14日人数：48人" in words(printed)
    assert [page for page in pages(printed) if "制表：审核：负责人：" not in page] == []


def test_an_imported_certificate_number_is_printed():
    row = replace(CERTIFIED, certificate_number="LJ20220001")

    assert "合格LJ20220001" in words(certificate_list(replace(CERTIFICATES, rows=(row,))))


def test_the_not_certified_list_has_every_reason():
    printed = words(not_certified_list(NotCertifiedList(TITLE, INSTITUTION, (MISSING,), NOW)))

    assert "1龑喆5****************2" in printed
    assert "原因" in printed
    assert "2022年1月15日" in printed
    assert "考核不合格" in printed


@pytest.mark.parametrize("firm", [MARKUP, LONG_FIRM, LATIN_FIRM])
def test_names_of_any_kind_print_literally_and_inside_the_page(firm):
    tables = (
        sign_in_sheet(replace(SHEET, students=(Signer(RARE, firm),))),
        certificate_list(replace(CERTIFICATES, rows=(replace(CERTIFIED, name=RARE, firm=firm),))),
        not_certified_list(NotCertifiedList(TITLE, INSTITUTION, (replace(MISSING, name=RARE, firm=firm),), NOW)),
    )
    notice = interview_notice(replace(NOTICE, name=RARE, firm=firm))

    assert stays_within_margins(notice)
    assert [table for table in tables if not stays_within_margins(table, **WIDE)] == []
    assert [printed for printed in (notice, *tables) if RARE[:3] not in words(printed)] == []
    assert squeezed(firm) in words(notice)


def test_a_long_latin_firm_name_stays_in_its_column_of_the_sign_in_sheet():
    left, right = column_of(sign_in_sheet(replace(SHEET, students=(Signer("杨𬍛", LATIN_FIRM),))), "W")

    assert right - left <= 79
