"""What every process is told, and what it says when it cannot be."""

from datetime import timedelta

import pytest

from services.review.settings import ReviewSettings
from shared.foundation.errors import Invalid
from shared.messaging.rabbit import RabbitTransport
from shared.messaging.transport import RETRY_DELAYS
from shared.wiring.process import open_process
from shared.wiring.settings import embedded, read


@pytest.fixture
def told(tmp_path, monkeypatch):
    """An environment in which review could start."""
    for name, value in embedded(tmp_path, "review", public_url="http://127.0.0.1", clock="system").items():
        monkeypatch.setenv(f"LINGJUN_{name.upper()}", str(value))
    return monkeypatch


def test_the_retry_ladder_is_told_in_seconds_and_reaches_the_transport(told):
    assert read(ReviewSettings).retry_ladder == RETRY_DELAYS
    told.setenv("LINGJUN_RETRY_LADDER", "1, 30,30,86400")
    told.setenv("LINGJUN_BROKER_URL", "amqp://nobody:0123456789abcdef@127.0.0.1/none")
    seconds = [timedelta(seconds=number) for number in (1, 30, 30, 86400)]
    transport = open_process(read(ReviewSettings)).transport()
    assert isinstance(transport, RabbitTransport)
    assert list(transport.ladder) == seconds


@pytest.mark.parametrize("ladder", ["", "soon", "1,,2", "0", "-1", "0.5", "1e3", "100000", "1\n", ",".join("1" * 11)])
def test_a_ladder_that_cannot_be_climbed_is_refused(told, ladder):
    told.setenv("LINGJUN_RETRY_LADDER", ladder)
    with pytest.raises(Invalid, match="须是一至十个以逗号分隔的整秒数，如 1,10,60,600"):
        ReviewSettings()


def test_a_process_that_cannot_read_its_settings_ends_with_one_line(told):
    told.setenv("LINGJUN_RETRY_LADDER", "soon")
    with pytest.raises(SystemExit) as ended:
        read(ReviewSettings)
    assert str(ended.value).splitlines() == [
        "LINGJUN_RETRY_LADDER 的值“soon”须是一至十个以逗号分隔的整秒数，如 1,10,60,600。"
    ]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE", "postgresql+psycopg://review@postgres:5432/review"),
        ("BROKER", "amqp://lingjun:guest@rabbitmq:5672/lingjun"),
        ("REDIS", "redis://default:fifteen-letters@redis:6379/1"),
    ],
)
def test_a_server_without_a_strong_password_is_refused_in_one_line_that_does_not_tell_it(told, name, url):
    told.setenv(f"LINGJUN_{name}_URL", url)
    with pytest.raises(SystemExit) as ended:
        read(ReviewSettings)
    (line,) = str(ended.value).splitlines()
    assert line.startswith(f"LINGJUN_{name}_URL 里的密码缺失或太短：至少 16 个字符。请运行 make env 生成")
    assert "guest" not in line
    assert "fifteen" not in line


def test_what_is_missing_is_named_in_one_line(told):
    told.delenv("LINGJUN_REDIS_URL")
    told.delenv("LINGJUN_KEYS_DIR")
    with pytest.raises(SystemExit) as ended:
        read(ReviewSettings)
    (line,) = str(ended.value).splitlines()
    assert line == (
        "设置有误：LINGJUN_REDIS_URL（Field required），LINGJUN_KEYS_DIR（Field required）。请对照 .env.example 补齐后再启动。"
    )
