"""Payment references: one range per year, no duplicates, also after a year's range is used up."""

import pytest

from services.demo.programme import programme
from services.intake.actions.references import References
from services.intake.models import ReferenceCounter
from shared.events.intake import Programme


def opening_in(year: int) -> Programme:
    values = programme()
    return Programme.model_validate(
        values | {name: values[name].replace("2021", str(year)) for name in ("opens_at", "closes_at")}
    )


@pytest.fixture
def exhausted_year(intake) -> None:
    with intake.process.database.transaction() as uow:
        uow.session.add(ReferenceCounter(year=2021, last=9_998))


def test_an_exhausted_year_continues_in_the_next_years_range(intake, exhausted_year):
    with intake.process.database.transaction() as uow:
        references = References(uow.session)
        issued = [references.next(opening_in(2021)) for _ in range(3)]
        assert [reference[:8] for reference in issued] == ["ZX219999", "ZX220000", "ZX220001"]


def test_the_next_year_skips_the_references_already_issued_from_its_range(intake, exhausted_year):
    with intake.process.database.transaction() as uow:
        references = References(uow.session)
        for _ in range(4):
            references.next(opening_in(2021))
    with intake.process.database.transaction() as uow:
        assert References(uow.session).next(opening_in(2022))[:8] == "ZX220003"
        assert References(uow.session).next(opening_in(2021))[:8] == "ZX220004"
        assert References(uow.session).next(opening_in(2022))[:8] == "ZX220005"
