"""Access dependency of intake's pages, and the coloured labels and titles that they show."""

from typing import Annotated

from fastapi import Depends

from services.intake.states import OUTCOME_TITLES, STATE_TITLES
from shared.dashboard import Badge
from shared.http.auth import CurrentUser, staff

Clerk = Annotated[CurrentUser, Depends(staff("intake"))]

_STATE_TONES = {"submitted": "blue", "returned": "orange", "expired": "red"}
_OUTCOME_TONES = {
    "under_review": "yellow",
    "verified": "azure",
    "rejected": "red",
    "admitted": "green",
    "waitlisted": "purple",
    "seat_released": "orange",
    "registered": "teal",
    "certified": "green",
    "not_certified": "red",
}
STATE_LABELS = {str(code): Badge(title, _STATE_TONES.get(code, "secondary")) for code, title in STATE_TITLES.items()}
OUTCOME_LABELS = {
    str(code): Badge(title, _OUTCOME_TONES.get(code, "secondary")) for code, title in OUTCOME_TITLES.items()
}
RECOMMENDATION_LABELS = {
    "recommended": Badge("推荐", "green"),
    "not_recommended": Badge("不推荐", "red"),
    "pending": Badge("待定", "yellow"),
}
TIER_LABELS = {
    "national_little_giant": Badge("国家级“小巨人”", "red"),
    "municipal_little_giant": Badge("市级“小巨人”", "orange"),
    "hidden_champion": Badge("隐形冠军", "purple"),
    "specialised": Badge("专精特新", "blue"),
    "none": Badge("其他", "secondary"),
}

JOBS = {"send_consent_request": "确认通知", "send_return_notice": "补正通知"}
ACTION_TITLES = {
    "file_application": "提交报名",
    "save_draft": "保存草稿",
    "edit_draft": "修改草稿",
    "file_draft": "提交草稿",
    "request_consent": "重新发送确认通知",
    "confirm_consent": "学员本人确认",
    "note_return": "退回补正",
    "resubmit_application": "补正后重新提交",
    "withdraw_application": "撤回报名",
    "note_outcome": "办理进度更新",
    "expire_draft": "草稿逾期失效",
    "note_closing": "办结情况更新",
    "store_scan": "上传扫描件",
    "remove_scan": "删除扫描件",
}
