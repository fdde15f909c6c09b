"""Permissions on the broker of docker-compose.yml: a service accesses its own resources, no user everything."""

import asyncio
from collections.abc import Awaitable, Callable

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelAccessRefused, ChannelLockedResource

from shared.messaging.topology import DEAD_EXCHANGE, EXCHANGE, LOG, queue_name
from shared.messaging.transport import DEAD_LETTERS
from shared.wiring.registry import SERVICES
from tests.compose.containers import ContainerInstallation

pytestmark = pytest.mark.compose

Attempt = Callable[[AbstractChannel], Awaitable[object]]


def is_refused(installation: ContainerInstallation, user: str, attempt: Attempt) -> bool:
    """Return whether the broker refuses the attempt of this user."""

    async def run_attempt() -> bool:
        connection = await aio_pika.connect(installation.broker_url(user), timeout=20)
        async with connection:
            channel = await connection.channel()
            try:
                await attempt(channel)
            except ChannelAccessRefused:
                return True
            except ChannelLockedResource:
                # Permitted, but the service's own consumer holds the queue.
                return False
            return False

    return asyncio.run(run_attempt())


def reading(queue: str) -> Attempt:
    async def read(channel: AbstractChannel) -> None:
        found = await channel.get_queue(queue, ensure=False)
        await found.get(no_ack=False, fail=False)

    return read


def publishing(exchange: str, key: str) -> Attempt:
    async def publish(channel: AbstractChannel) -> None:
        out = await channel.get_exchange(exchange, ensure=False)
        # Unroutable and not mandatory: no queue receives it.
        await out.publish(aio_pika.Message(b""), routing_key=key, mandatory=False)

    return publish


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_its_own_queue_and_no_other(installation: ContainerInstallation, service: str) -> None:
    queues = [queue_name(queue) for queue in (*SERVICES, DEAD_LETTERS)]
    readable = {queue for queue in queues if not is_refused(installation, service, reading(queue))}
    dead = {queue_name(DEAD_LETTERS)} if service == "portal" else set()
    assert readable == {queue_name(service)} | dead


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_publishes_only_under_its_own_name(installation: ContainerInstallation, service: str) -> None:
    names = {
        name for name in SERVICES if not is_refused(installation, service, publishing(EXCHANGE, f"{name}.nothing.v1"))
    }
    assert names == {service}


@pytest.mark.parametrize(
    "attempt",
    [
        lambda channel: channel.declare_queue("lingjun.more", durable=True),
        lambda channel: channel.declare_exchange("lingjun.more", durable=True),
        lambda channel: channel.queue_delete(queue_name("review")),
        lambda channel: channel.queue_delete(LOG),
        lambda channel: channel.queue_delete(queue_name("review.jobs")),
        lambda channel: channel.exchange_delete(EXCHANGE),
        lambda channel: channel.exchange_delete(DEAD_EXCHANGE),
    ],
)
def test_a_service_cannot_create_or_delete_shared_resources(
    installation: ContainerInstallation, attempt: Attempt
) -> None:
    assert is_refused(installation, "intake", attempt)


def test_no_user_is_an_administrator_and_the_default_user_does_not_exist(
    installation: ContainerInstallation,
) -> None:
    listed = installation.compose("exec", "-T", "rabbitmq", "rabbitmqctl", "--quiet", "list_users").splitlines()
    users = dict(line.split("\t") for line in listed if line.strip() and not line.startswith("user\t"))
    assert users == dict.fromkeys((*SERVICES, "lingjun"), "[]")
    with pytest.raises((AMQPError, OSError)):
        asyncio.run(aio_pika.connect(f"amqp://guest:guest@{installation.ip('rabbitmq')}:5672/lingjun", timeout=20))


def test_each_policy_applies_to_its_queues(installation: ContainerInstallation) -> None:
    listed = installation.compose(
        "exec", "-T", "rabbitmq", "rabbitmqctl", "--quiet", "list_queues", "--vhost", "lingjun", "name", "policy"
    )
    found = dict(line.split("\t") for line in listed.splitlines() if line.startswith("lingjun."))
    expected = {queue_name(service): "events" for service in SERVICES} | {LOG: "log"}
    expected |= {queue_name(f"{service}.jobs"): "jobs" for service in SERVICES}
    assert {name: policy for name, policy in found.items() if policy} == expected
