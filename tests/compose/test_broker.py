"""Who may do what on the broker of docker-compose.yml: each service its own, nobody everything."""

import asyncio
from collections.abc import Awaitable, Callable

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelAccessRefused, ChannelLockedResource

from shared.messaging.topology import DEAD_EXCHANGE, EXCHANGE, LOG, queue_name
from shared.messaging.transport import DEAD_LETTERS
from tests.compose.containers import ContainerInstallation

pytestmark = pytest.mark.compose

INSTALLATION = ("intake", "review", "scheduling", "billing", "portal")
Attempt = Callable[[AbstractChannel], Awaitable[object]]


def refused(installation: ContainerInstallation, user: str, attempt: Attempt) -> bool:
    """Whether the broker refuses the attempt to this user."""

    async def try_it() -> bool:
        connection = await aio_pika.connect(installation.broker_url(user), timeout=20)
        async with connection:
            channel = await connection.channel()
            try:
                await attempt(channel)
            except ChannelAccessRefused:
                return True
            except ChannelLockedResource:
                # Permitted, but the service's own consumer has it.
                return False
            return False

    return asyncio.run(try_it())


def reading(queue: str) -> Attempt:
    async def read(channel: AbstractChannel) -> None:
        found = await channel.get_queue(queue, ensure=False)
        await found.get(no_ack=False, fail=False)

    return read


def saying(exchange: str, key: str) -> Attempt:
    async def say(channel: AbstractChannel) -> None:
        out = await channel.get_exchange(exchange, ensure=False)
        # Unroutable and not mandatory: nobody hears it.
        await out.publish(aio_pika.Message(b""), routing_key=key, mandatory=False)

    return say


@pytest.mark.parametrize("service", INSTALLATION)
def test_a_service_reads_its_own_queue_and_no_other(installation: ContainerInstallation, service: str) -> None:
    queues = [queue_name(queue) for queue in (*INSTALLATION, DEAD_LETTERS)]
    readable = {queue for queue in queues if not refused(installation, service, reading(queue))}
    dead = {queue_name(DEAD_LETTERS)} if service == "portal" else set()
    assert readable == {queue_name(service)} | dead


@pytest.mark.parametrize("service", INSTALLATION)
def test_a_service_speaks_in_its_own_name_only(installation: ContainerInstallation, service: str) -> None:
    names = {name for name in INSTALLATION if not refused(installation, service, saying(EXCHANGE, f"{name}.nothing.v1"))}
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
def test_a_service_makes_and_deletes_nothing_that_others_use(installation: ContainerInstallation, attempt: Attempt) -> None:
    assert refused(installation, "intake", attempt)


def test_nobody_administers_the_broker_from_outside_and_the_default_user_is_not_there(
    installation: ContainerInstallation,
) -> None:
    listed = installation.compose("exec", "-T", "rabbitmq", "rabbitmqctl", "--quiet", "list_users").splitlines()
    users = dict(line.split("\t") for line in listed if line.strip() and not line.startswith("user\t"))
    assert users == dict.fromkeys((*INSTALLATION, "lingjun"), "[]")
    with pytest.raises((AMQPError, OSError)):
        asyncio.run(aio_pika.connect(f"amqp://guest:guest@{installation.ip('rabbitmq')}:5672/lingjun", timeout=20))


def test_each_limit_is_on_the_queues_that_it_is_meant_for(installation: ContainerInstallation) -> None:
    listed = installation.compose(
        "exec", "-T", "rabbitmq", "rabbitmqctl", "--quiet", "list_queues", "--vhost", "lingjun", "name", "policy"
    )
    found = dict(line.split("\t") for line in listed.splitlines() if line.startswith("lingjun."))
    wanted = {queue_name(service): "events" for service in INSTALLATION} | {LOG: "log"}
    wanted |= {queue_name(f"{service}.jobs"): "jobs" for service in INSTALLATION}
    assert {name: policy for name, policy in found.items() if policy} == wanted
