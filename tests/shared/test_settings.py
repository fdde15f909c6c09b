"""Settings from the environment, and the messages for invalid ones."""

from datetime import timedelta

import pytest

from services.review.settings import ReviewSettings
from shared.foundation.errors import Invalid
from shared.foundation.retries import DELIVERY_DELAYS
from shared.messaging.rabbit import RabbitTransport
from shared.wiring.process import open_process
from shared.wiring.settings import embedded, read


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """A valid environment for review."""
    for name, value in embedded(tmp_path, "review", public_url="http://127.0.0.1", clock="system").items():
        monkeypatch.setenv(f"LINGJUN_{name.upper()}", str(value))
    return monkeypatch


def test_the_retry_delays_are_read_in_seconds_and_passed_to_the_transport(environment):
    assert read(ReviewSettings).retry_delays == DELIVERY_DELAYS
    environment.setenv("LINGJUN_RETRY_LADDER", "1, 30,30,86400")
    environment.setenv("LINGJUN_BROKER_URL", "amqp://nobody:0123456789abcdef@127.0.0.1/none")
    seconds = [timedelta(seconds=number) for number in (1, 30, 30, 86400)]
    transport = open_process(read(ReviewSettings)).transport()
    assert isinstance(transport, RabbitTransport)
    assert list(transport.retry_delays) == seconds


@pytest.mark.parametrize("delays", ["", "soon", "1,,2", "0", "-1", "0.5", "1e3", "100000", "1\n", ",".join("1" * 11)])
def test_invalid_retry_delays_are_refused(environment, delays):
    environment.setenv("LINGJUN_RETRY_LADDER", delays)
    with pytest.raises(Invalid, match="须是一至十个以逗号分隔的整秒数，如 1,10,60,600"):
        ReviewSettings()


def test_invalid_settings_are_refused_in_one_line(environment):
    environment.setenv("LINGJUN_RETRY_LADDER", "soon")
    with pytest.raises(Invalid) as refused:
        read(ReviewSettings)
    assert str(refused.value).splitlines() == [
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
def test_a_weak_password_is_refused_and_not_repeated(environment, name, url):
    environment.setenv(f"LINGJUN_{name}_URL", url)
    with pytest.raises(Invalid) as refused:
        read(ReviewSettings)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"LINGJUN_{name}_URL 里的密码缺失或太短：至少 16 个字符。请运行 make env 生成")
    assert "guest" not in line
    assert "fifteen" not in line


def test_missing_settings_are_named_in_one_line(environment):
    environment.delenv("LINGJUN_REDIS_URL")
    environment.delenv("LINGJUN_KEYS_DIR")
    with pytest.raises(Invalid) as refused:
        read(ReviewSettings)
    (line,) = str(refused.value).splitlines()
    assert line == (
        "设置有误：LINGJUN_REDIS_URL（Field required），LINGJUN_KEYS_DIR（Field required）。请对照 .env.example 补齐后再启动。"
    )


def test_retry_delays_are_accepted_by_name_too(environment):
    assert ReviewSettings(retry_delays="5").retry_delays == (timedelta(seconds=5),)
