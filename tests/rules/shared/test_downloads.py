"""Names of downloads: every name gives a header that programs can read, and a name that every system can save."""

from email.message import Message
from urllib.parse import unquote

import pytest

from shared.http.downloads import content_disposition

AWKWARD = {
    "名单.xlsx": "名单.xlsx",
    "录取名单 2021-12-08.pdf": "录取名单 2021-12-08.pdf",
    "😀.csv": "😀.csv",
    'a"b.csv': "a_b.csv",
    "a\r\nSet-Cookie: x.csv": "a__Set-Cookie_ x.csv",
    "../../etc/passwd": "_.._etc_passwd",
    "..\\windows.csv": "_windows.csv",
    "a\x00b.csv": "a_b.csv",
    "x\u202efdp.exe": "x_fdp.exe",
    "\ud800.csv": "_.csv",
    "": "file",
    " . ": "file",
    "a;b=c.csv": "a;b=c.csv",
    "50%.csv": "50%.csv",
    "长" * 300 + ".xlsx": "长" * 78 + ".xlsx",
    "x" * 300: "x" * 240,
    "\U00020000" * 100 + ".csv": "\U00020000" * 59 + ".csv",
    "\u061ccod.exe": "_cod.exe",
    "CON:aux|nul?*<>.csv": "CON_aux_nul____.csv",
    "cafe\u0301.csv": "café.csv",
    "名'单.csv": "名'单.csv",
    ".htaccess": "htaccess",
}


@pytest.mark.parametrize(("name", "saved"), AWKWARD.items())
def test_a_header_names_the_file_in_both_forms(name, saved):
    header = content_disposition(name)
    header.encode("latin-1")
    assert header.isprintable()
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_content_disposition() == "attachment"
    twin, _, extended = header.partition("; filename*=UTF-8''")
    assert unquote(extended) == saved
    assert len(saved.encode()) <= 255
    assert twin == f'attachment; filename="{"".join(one if one.isascii() else "_" for one in saved)}"'


def test_a_file_to_display_keeps_its_name():
    assert content_disposition("通知.pdf", is_inline=True).startswith('inline; filename="__.pdf"; filename*=')
