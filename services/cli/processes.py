"""Commands of the processes and of what runs once before them: web, bus, worker, migrate, declare-topology.

They read the LINGJUN_ settings, and run in a service's image.
"""

from typing import Annotated

import typer

from services.cli.examples import examples
from services.loading import app_maker, bus_maker, check_service, job_functions, load, read_settings

app = typer.Typer()
Service = Annotated[str, typer.Argument(help="The name of a service, such as intake.", show_default=False)]


@app.command(epilog=examples("lingjun web intake"))
def web(service: Service) -> None:
    """Serve a service's pages and JSON interface. Ends with SIGTERM or Ctrl-C."""
    load("shared.runtime.serve").serve_web(read_settings(service), app_maker(service))


@app.command(epilog=examples("lingjun bus intake"))
def bus(service: Service) -> None:
    """Relay and consume a service's events. Ends with SIGTERM or Ctrl-C."""
    load("shared.runtime.serve").serve_bus(read_settings(service), bus_maker(service))


@app.command(epilog=examples("lingjun worker intake"))
def worker(service: Service) -> None:
    """Execute a service's jobs and timed actions. Ends with SIGTERM or Ctrl-C."""
    load("shared.runtime.serve").serve_worker(read_settings(service), *job_functions(service))


@app.command(epilog=examples("lingjun migrate intake"))
def migrate(service: Service) -> None:
    """Migrate a service's database at LINGJUN_DATABASE_URL. A repeat changes nothing."""
    check_service(service)
    settings = load("shared.wiring.settings")
    load("shared.persistence.schema").upgrade(settings.read(settings.DatabaseSettings).database_url, service)


@app.command(epilog=examples("lingjun declare-topology"))
def declare_topology() -> None:
    """Declare the broker's exchanges and queues. LINGJUN_BROKER_URL names its owner. A repeat changes nothing."""
    settings = load("shared.wiring.settings")
    load("shared.runtime.declare_topology").declare_topology(settings.read(settings.BrokerSettings))
