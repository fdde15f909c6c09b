"""Labels of review's pages, and the roles that may open them."""

from typing import Annotated

from fastapi import Depends

from services.review.states import (
    CASE_TITLES,
    CERTIFICATE_FAULT_TITLES,
    FATE_TITLES,
    LETTER_TITLES,
    RANKING_TITLES,
    RELEASE_TITLES,
    SEAT_TITLES,
    VERDICT_TITLES,
)
from shared.dashboard import Badge
from shared.http.auth import CurrentUser, staff

Office = Annotated[CurrentUser, Depends(staff("reviewer", "committee"))]
Reviewer = Annotated[CurrentUser, Depends(staff("reviewer"))]
Committee = Annotated[CurrentUser, Depends(staff("committee"))]
Judge = Annotated[CurrentUser, Depends(staff("judge"))]

_TONES = {
    "open": "yellow",
    "returned": "orange",
    "passed": "green",
    "rejected": "red",
    "held": "green",
    "waiting": "purple",
    "released": "orange",
    "draft": "secondary",
    "frozen": "blue",
    "pass": "green",
    "fail": "red",
    "illegible": "orange",
    "in_process": "blue",
    "seat_held": "green",
    "lapsed": "yellow",
    "declined": "orange",
    "dropped_out": "pink",
}


def _labels(titles: dict[str, str]) -> dict[str, Badge]:
    return {str(code): Badge(title, _TONES.get(code, "secondary")) for code, title in titles.items()}


CASE_LABELS = _labels({str(code): title for code, title in CASE_TITLES.items()})
SEAT_LABELS = _labels({str(code): title for code, title in SEAT_TITLES.items()})
FATE_LABELS = _labels({str(code): title for code, title in FATE_TITLES.items()})
VERDICT_LABELS = _labels({str(code): title for code, title in VERDICT_TITLES.items()})
RELEASES = {str(code): title for code, title in RELEASE_TITLES.items()}
RANKING_LABELS = _labels({str(code): title for code, title in RANKING_TITLES.items()}) | {
    "released": Badge("已发布", "green")
}
OUTCOME_LABELS = {
    "admitted": Badge("拟录取", "green"),
    "waitlisted": Badge("候补", "purple"),
    "not_selected": Badge("未入选", "secondary"),
}
TIERS = {
    "national_little_giant": Badge("国家级“小巨人”", "red"),
    "municipal_little_giant": Badge("市级“小巨人”", "orange"),
    "hidden_champion": Badge("隐形冠军", "purple"),
    "specialised": Badge("专精特新", "blue"),
    "none": Badge("其他", "secondary"),
}
RECOMMENDATIONS = {
    "recommended": Badge("推荐", "green"),
    "not_recommended": Badge("不推荐", "red"),
    "pending": Badge("待定", "yellow"),
}
EDUCATIONS = {"below_bachelor": "本科以下", "bachelor": "本科", "master": "硕士", "doctor": "博士"}
MODES = {"online": "线上", "on_site": "现场", "": "—"}
LETTERS = {str(code): title for code, title in LETTER_TITLES.items()}
CERTIFICATE_FAULTS = {str(code): title for code, title in CERTIFICATE_FAULT_TITLES.items()}
JOBS = {
    "write_admission_letter": LETTERS["admission"],
    "write_waiting_list_letter": LETTERS["waiting_list"],
    "write_refusal_letter": LETTERS["refusal"],
    "send_letter": "通知书",
}
ACTION_TITLES = {
    "open_case": "收到报名",
    "reopen_case": "收到补正",
    "note_consent": "学员本人确认",
    "check_scans": "核对扫描件",
    "pass_authenticity": "初审通过",
    "return_for_correction": "退回补正",
    "reject_application": "初审不通过",
    "withdraw_case": "撤回报名",
    "look_at_scan": "查看扫描件",
    "look_at_identity": "查看完整证件号码",
    "score_materials": "资料评分",
    "note_interview": "安排面试",
    "note_missed_interview": "缺席面试",
    "record_score_sheet": "提交评分表",
    "declare_recusal": "声明回避",
    "await_certificate": "通知书等待签章证书",
    "print_letter": "打印通知书",
    "send_letter": "寄发通知书",
    "hold_letter": "通知书等待处理",
    "continue_letter": "继续打印通知书",
    "seat_held": "给予名额",
    "seat_waiting": "列入候补",
    "seat_released": "释放名额",
    "seat_not_selected": "未入选",
    "note_fee_paid": "费用缴足",
    "note_fee_reversed": "缴费冲回",
    "propose_lapse": "提出逾期",
    "confirm_lapse": "确认逾期",
    "dismiss_lapse": "保留名额",
    "confirm_promotion": "确认递补",
    "request_override": "提出越序递补",
    "decline_seat": "放弃名额",
    "drop_out_student": "退学",
    "resolve_late_payment": "办理迟到缴费",
    "close_waiting_list": "候补名单关闭",
    "note_registration": "报到",
    "note_refund_sent": "退款到账",
}
