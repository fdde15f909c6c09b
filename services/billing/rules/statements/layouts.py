"""Columns of each bank's export by name, as the banks' own pages name them. Called by statements.

A layout is data: another bank, or another name for a column, is one more line here.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.billing.rules.statements.sheets import Row

_HEADER_WITHIN_ROWS = 20
_ENGLISH = re.compile(r"\[.*\]")


@dataclass(frozen=True)
class Layout:
    """Column names of one bank; if the bank's versions differ, the alternatives in order.

    All `marks` must be present; they identify the bank. Money is either in a `credit` and a `debit` column, or in one
    `amount` column with a `flag`. BOC prints payer and payee instead of own side and counterparty, so the same field is
    in another column for outgoing money (`*_out`).
    """

    code: str
    bank: str
    marks: tuple[str, ...]
    day: tuple[str, ...]
    name: tuple[str, ...]
    other_account: tuple[str, ...]
    balance: tuple[str, ...] = ("余额",)
    clock: tuple[str, ...] = ()
    own_account: tuple[str, ...] = ()
    credit: tuple[str, ...] = ()
    debit: tuple[str, ...] = ()
    amount: tuple[str, ...] = ()
    flag: tuple[str, ...] = ()
    currency: tuple[str, ...] = ("币种",)
    serial: tuple[str, ...] = ()
    reversal: tuple[str, ...] = ()
    name_out: tuple[str, ...] = ()
    other_account_out: tuple[str, ...] = ()
    own_account_out: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    summaries: tuple[str, ...] = ("摘要",)


LAYOUTS = (
    Layout(
        code="ICBC",
        bank="工商银行",
        marks=("凭证号", "交易时间"),
        day=("交易时间",),
        name=("对方单位名称", "对方单位"),
        other_account=("对方账号",),
        own_account=("本方账号",),
        credit=("贷方发生额", "转入金额", "转入"),
        debit=("借方发生额", "转出金额", "转出"),
        amount=("发生额",),
        flag=("借/贷", "借贷标志"),
        remarks=("用途", "附言", "个性化信息"),
    ),
    Layout(
        code="CCB",
        bank="建设银行",
        marks=("借方发生额(支取)", "贷方发生额(收入)"),
        day=("交易时间",),
        name=("对方户名",),
        other_account=("对方账号",),
        own_account=("账号",),
        credit=("贷方发生额(收入)",),
        debit=("借方发生额(支取)",),
        serial=("账户明细编号-交易流水号",),
        remarks=("备注",),
    ),
    Layout(
        code="ABC",
        bank="农业银行",
        marks=("收入", "支出", "对方户名"),
        day=("时间", "交易时间"),
        name=("对方户名",),
        other_account=("对方账号",),
        credit=("收入",),
        debit=("支出",),
        remarks=("附言",),
    ),
    Layout(
        code="CMB",
        bank="招商银行",
        marks=("交易日", "收(付)方名称"),
        day=("交易日",),
        clock=("交易时间",),
        name=("收(付)方名称",),
        other_account=("收(付)方账号",),
        own_account=("账号",),
        credit=("贷方金额",),
        debit=("借方金额",),
        serial=("流水号",),
        reversal=("冲账标志",),
        remarks=("摘要", "用途", "业务摘要", "其它摘要", "扩展摘要"),
        summaries=("交易类型",),
    ),
    Layout(
        code="BOC",
        bank="中国银行",
        marks=("交易类型", "付款人名称", "收款人名称"),
        day=("交易日期",),
        clock=("交易时间",),
        name=("付款人名称",),
        name_out=("收款人名称",),
        other_account=("付款人账号",),
        other_account_out=("收款人账号",),
        own_account=("收款人账号",),
        own_account_out=("付款人账号",),
        amount=("交易金额",),
        flag=("交易类型",),
        balance=("交易后余额",),
        currency=("交易货币",),
        serial=("交易流水号",),
        remarks=("用途", "交易附言", "备注"),
    ),
)


@dataclass(frozen=True)
class Header:
    """A layout detected in a sheet: the row index of the header, and the index of each column by its role."""

    layout: Layout
    position: int
    titles: tuple[str, ...]
    columns: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def find_header(rows: Sequence[Row]) -> Header | None:
    """Find the header among the first 20 rows by its column names. Returns None if no layout fits."""
    for position, row in enumerate(rows[:_HEADER_WITHIN_ROWS]):
        titles = tuple(_title(cell) for cell in row.cells)
        for layout in LAYOUTS:
            columns = _columns(layout, titles)
            if columns is not None:
                return Header(layout, position, titles, columns)
    return None


def is_header_again(header: Header, row: Row) -> bool:
    """Return whether a later row repeats the header, as exports made for printing do on each page."""
    return tuple(_title(cell) for cell in row.cells) == header.titles


def expected_columns() -> str:
    """List all layouts with their identifying columns, for a person whose file fits none."""
    return "；".join(f"{layout.bank}：{'、'.join(_telling_columns(layout))}" for layout in LAYOUTS)


def _telling_columns(layout: Layout) -> tuple[str, ...]:
    first_names = (names[0] for names in (layout.day, layout.name, layout.credit, layout.debit) if names)
    return tuple(dict.fromkeys([*layout.marks, *first_names, *layout.amount, *layout.flag][:6]))


def _title(cell: str) -> str:
    """Normalize a column title: full-width brackets and blanks do not matter, nor the English that BOC prints in square
    brackets."""
    return _ENGLISH.sub("", "".join(unicodedata.normalize("NFKC", cell).split()))


def _columns(layout: Layout, titles: tuple[str, ...]) -> dict[str, tuple[int, ...]] | None:
    if not all(mark in titles for mark in layout.marks):
        return None
    places = {title: titles.index(title) for title in dict.fromkeys(titles) if title}
    columns: dict[str, tuple[int, ...]] = {}
    for role in _ROLES:
        present = tuple(places[title] for title in getattr(layout, role) if title in places)
        columns[role] = present if role in _JOINED_ROLES else present[:1]
    has_money = (columns["credit"] and columns["debit"]) or (columns["amount"] and columns["flag"])
    return columns if has_money and columns["day"] and columns["name"] else None


_ROLES = tuple(name for name in Layout.__dataclass_fields__ if name not in {"code", "bank", "marks"})
_JOINED_ROLES = frozenset({"remarks", "summaries"})
