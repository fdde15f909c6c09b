"""Opens one service's process for a test, with a database, folder, clock file and embedded bus without consumers."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from shared.foundation.clock import TravellingClock
from shared.persistence.schema import upgrade
from shared.wiring.process import Process, open_process
from shared.wiring.settings import Settings, embedded

START = datetime(2021, 11, 22, 1, 0, tzinfo=UTC)


def process_for(
    kind: type[Settings], database_url: str, folder: Path, *, start: datetime = START, **settings: str
) -> Process:
    """Return an open process with an upgraded, empty database. Its clock stands at `start` until `travel`. `settings`
    replace those of standalone mode."""
    clock_file = folder / "clock"
    TravellingClock(clock_file).set(start)
    values = embedded(folder, kind.SERVICE, public_url="http://127.0.0.1:8000", clock=f"travelling:{clock_file}")
    upgrade(database_url, kind.SERVICE)
    return open_process(kind(**values | {"database_url": database_url} | settings))


def travel(process: Process, moment: datetime) -> None:
    """Advance the process's business time to `moment`."""
    assert isinstance(process.clock, TravellingClock)
    process.clock.set(moment)


def sent_mails(folder: Path) -> list[str]:
    """Return the texts of all mails sent so far."""
    found = []
    for path in sorted((folder / "mail").glob("*.eml")):
        body = message_from_bytes(path.read_bytes(), policy=default).get_body(("plain",))
        assert body is not None
        found.append(str(body.get_content()))
    return found
