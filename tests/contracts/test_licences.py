"""What the images ship is listed with its licence, and none of it is under the GPL or AGPL."""

import pytest

from tools import licences


def test_no_shipped_package_is_under_the_gpl_or_agpl() -> None:
    found = licences.installed()
    assert len(found) > 50
    assert {name: licence for name, licence in found.items() if licences.refused(licence)} == {}


def test_the_list_names_every_shipped_package_with_its_licence() -> None:
    """A platform may install fewer packages than the one on which the list was written."""
    listed = licences.PAGE.read_text().splitlines()
    assert [line for line in licences.page(licences.installed()).splitlines() if line not in listed] == []


@pytest.mark.parametrize(
    ("licence", "is_refused"),
    [
        ("AGPL-3.0-or-later", True),
        ("GNU General Public License v3 (GPLv3)", True),
        ("GPL-2.0-only", True),
        ("LGPL-3.0-only", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("MIT OR GPL-2.0-only", False),
        ("MIT", False),
    ],
)
def test_a_licence_is_refused_unless_it_leaves_a_choice(licence: str, is_refused: bool) -> None:
    assert licences.refused(licence) == is_refused
