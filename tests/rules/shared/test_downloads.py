"""Names of downloads: every name gives a header that programs can read, and a name that every system can save."""

from email.message import Message
from urllib.parse import unquote

import pytest

from shared.http.downloads import content_disposition
from tests.shared.awkward_names import AWKWARD


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
