"""Writes the blocks of the deployment files that name every service, from the registry (shared/wiring/registry.py).

`python -m tools.deployment`, called by `make generate`, runs cog over FILES: a block stands between `[[[cog …]]]`, which names
the function of this module that prints it, and `[[[end]]]`. `make check` fails when a block is stale.
"""

import sys
from pathlib import Path

from cogapp import Cog

from shared.wiring.registry import DEFAULT, SERVICES, ServiceSpec

ROOT = Path(__file__).parents[1]
FILES = (
    ".env.example",
    "Dockerfile",
    "Makefile",
    "deploy/broker.sh",
    "deploy/compose.sh",
    "deploy/databases.sh",
    "deploy/house.caddy",
    "deploy/observability/alerts.yml",
    "deploy/observability/prometheus.yml",
    "docker-compose.demo.yml",
    "docker-compose.observability.yml",
    "docker-compose.traces.yml",
    "docker-compose.yml",
    "pyproject.toml",
)
_DATA = "/var/lib/lingjun"
_LASTING = ("web", "bus", "worker")


def run_cog(*options: str) -> int:
    """Run cog with `options` over FILES, `-r` to write the blocks or `--check` to compare them. Return its exit code."""
    fixed = ["-P", "-I", str(ROOT), "-p", "from tools import deployment as d"]
    return int(Cog().main(["cog", *fixed, *options, *(str(ROOT / name) for name in FILES)]))


def compose_anchors() -> None:
    """Print what all processes of a service have in common, for docker-compose.yml."""
    for number, spec in enumerate(SERVICES.values()):
        name, secret = spec.name, f"LINGJUN_{spec.name.upper()}"
        print(
            f"x-{name}: &{name}",
            "  <<: *app",
            f"  image: lingjun-{name}",
            f"  build: {{context: ., target: {name}}}",
            "  environment:",
            "    <<: *environment",
            f"    LINGJUN_DATABASE_URL: {_database(name, name, f'{secret}_DATABASE_PASSWORD')}",
            f"    LINGJUN_BROKER_URL: amqp://{name}:${{{secret}_BROKER_PASSWORD:?run make env}}@rabbitmq:5672/lingjun",
            f"    LINGJUN_REDIS_URL: redis://default:${{LINGJUN_REDIS_PASSWORD:?run make env}}@redis:6379/{number}",
            *(f"    {key}: ${{{key}:?{hint}, see .env.example}}" for key, hint in spec.settings.items()),
            *_sandbox(spec),
            *(_signing() if spec.is_default else ()),
            "  volumes:",
            *(f"    - {volume}" for volume in _volumes(spec)),
            "  depends_on:",
            "    <<: *servers-ready",
            f"    {name}-migrate: {{condition: service_completed_successfully}}",
            "",
            sep="\n",
        )


def _database(user: str, name: str, password: str) -> str:
    return f"postgresql+psycopg://{user}:${{{password}:?run make env}}@postgres:5432/{name}"


def _signing() -> tuple[str, ...]:
    return (f"    LINGJUN_TOKEN_PRIVATE_KEY_FILE: {_DATA}/token/private/private.pem",)


def _sandbox(spec: ServiceSpec) -> list[str]:
    return [f"    LINGJUN_SANDBOX: {_DATA}/sandbox/socket"] if spec.opens_files else []


def _volumes(spec: ServiceSpec) -> list[str]:
    fonts = f"${{LINGJUN_FONTS:?folder of licensed fonts, see .env.example}}:{_DATA}/fonts:ro"
    mail = f"mail:{_DATA}/mail"
    if spec.is_default:
        return [f"token-public:{_DATA}/token/public", f"token-private:{_DATA}/token/private", mail, fonts]
    mode = "" if spec.creates_keys else ":ro"
    keys = [f"keys-{purpose}:{_DATA}/keys/{purpose}{mode}" for purpose in spec.keys]
    sandbox = [f"sandbox:{_DATA}/sandbox"] if spec.opens_files else []
    return [f"files:{_DATA}/files", mail, fonts, f"token-public:{_DATA}/token/public:ro", *keys, *sandbox]


def compose_gateway() -> None:
    """Print the web processes that the gateway waits for."""
    for name in SERVICES:
        print(f"      {name}-web: {{condition: service_healthy}}")


def compose_passwords(kind: str) -> None:
    """Print the password of each service's own user of a server, as an environment; `kind` is DATABASE or BROKER."""
    for name in SERVICES:
        variable = f"LINGJUN_{name.upper()}_{kind}_PASSWORD"
        print(f"      {variable}: ${{{variable}:?run make env}}")


def compose_processes() -> None:
    """Print the four processes of each service, for docker-compose.yml."""
    for spec in SERVICES.values():
        _migration(spec)
        _web(spec)
        _bus(spec)
        _worker(spec)


def _migration(spec: ServiceSpec) -> None:
    print(
        f"  {spec.name}-migrate:",
        f"    <<: *{spec.name}",
        f"    command: [lingjun, migrate, {spec.name}]",
        "    restart: on-failure:3",
        "    environment:",
        f"      LINGJUN_DATABASE_URL: {_database('migration', spec.name, 'LINGJUN_MIGRATION_DATABASE_PASSWORD')}",
        "    networks: [back]",
        f"    mem_limit: {spec.memory['migrate']}",
        "    depends_on:",
        "      databases: {condition: service_completed_successfully}",
        "",
        sep="\n",
    )


def _web(spec: ServiceSpec) -> None:
    ready = f"http://127.0.0.1:8000{spec.prefix}/readyz"
    print(
        *_process(spec, "web", "front, back"),
        "    healthcheck:",
        "      <<: *asked",
        f"      test: [CMD, python, -c, \"import urllib.request as r; r.urlopen('{ready}', timeout=4)\"]",
        "",
        sep="\n",
    )


def _bus(spec: ServiceSpec) -> None:
    print(*_process(spec, "bus", "back"), "    healthcheck: *connected-to-both", "", sep="\n")


def _worker(spec: ServiceSpec) -> None:
    networks = "back" if spec.is_default else "back, outside"
    print(*_process(spec, "worker", networks), *_certificates(spec), "    healthcheck: *connected", "", sep="\n")


def _certificates(spec: ServiceSpec) -> tuple[str, ...]:
    """The worker's own volumes, which take the place of its service's: these, and the folder of certificates."""
    if not spec.signs_letters:
        return ()
    folder = f"${{LINGJUN_CERTIFICATES:?folder of certificates, see .env.example}}:{_DATA}/certificates:ro"
    return ("    volumes:", *(f"      - {volume}" for volume in (*_volumes(spec), folder)))


def _process(spec: ServiceSpec, kind: str, networks: str) -> tuple[str, ...]:
    return (
        f"  {spec.name}-{kind}:",
        f"    <<: *{spec.name}",
        f"    command: [lingjun, {kind}, {spec.name}]",
        f"    networks: [{networks}]",
        f"    mem_limit: {spec.memory[kind]}",
    )


def demo_processes() -> None:
    """Print the processes with the demo's clock, and the settings that a demo has."""
    for spec in SERVICES.values():
        for kind in _LASTING:
            if not spec.demo_settings and not (spec.is_default and kind == "web"):
                print(f"  {spec.name}-{kind}: *travelling")
                continue
            print(f"  {spec.name}-{kind}:", "    <<: *travelling", sep="\n")
            if spec.demo_settings:
                values = "".join(f", {key}: {value}" for key, value in spec.demo_settings.items())
                print(f'    environment: {{LINGJUN_CLOCK: "travelling:{_DATA}/clock/now"{values}}}')
            else:
                # An administrator advances the clock on the page of the default service.
                print(f'    volumes: ["clock:{_DATA}/clock"]')


def observed_processes() -> None:
    """Print the processes that answer scrapes, or send traces."""
    for name in SERVICES:
        for kind in _LASTING:
            print(f"  {name}-{kind}: *observed")


def scraped_processes() -> None:
    """Print the processes that Prometheus scrapes."""
    for name in SERVICES:
        for kind in _LASTING:
            print(f"          - {name}-{kind}")


def expected_processes() -> None:
    """Print the recording rule of each process that must be there, for Prometheus."""
    for name in SERVICES:
        for kind in _LASTING:
            print(
                "      - record: lingjun:process_expected",
                "        expr: vector(1)",
                f"        labels: {{process: {name}-{kind}}}",
                sep="\n",
            )


def image_targets() -> None:
    """Print the target of each service's image."""
    for name in SERVICES:
        print(
            f"FROM base AS {name}",
            f"COPY requirements/{name}.txt requirements/",
            f"RUN pip install --only-binary :all: --no-deps --require-hashes --requirement requirements/{name}.txt",
            "COPY shared/ shared/",
            "COPY services/__init__.py services/__main__.py services/loading.py services/",
            "COPY services/cli/ services/cli/",
            f"COPY services/{name}/ services/{name}/",
            "USER 10001:10001",
            f'CMD ["lingjun", "web", "{name}"]',
            "",
            sep="\n",
        )


def gateway_routes() -> None:
    """Print the route of each path prefix; the default service gets every other path."""
    for spec in SERVICES.values():
        if not spec.is_default:
            print(
                f"@{spec.name} path {spec.prefix} {spec.prefix}/*",
                f"reverse_proxy @{spec.name} {spec.name}-web:8000",
                sep="\n",
            )
    print(f"reverse_proxy {DEFAULT.name}-web:8000")


def broker_users() -> None:
    """Print the services, and what each reads besides its own queue, for the shell."""
    print(f'services="{" ".join(SERVICES)}"')
    print("further_queues() {", "    case $1 in", sep="\n")
    for spec in SERVICES.values():
        if spec.queues:
            print(f"        {spec.name}) printf '%s' '|{'|'.join(spec.queues)}' ;;")
    print("    esac", "}", sep="\n")


def shell_services() -> None:
    """Print the services as a Bash array."""
    print(f"services=({' '.join(SERVICES)})")


def shell_databases() -> None:
    """Print the creation of each service's database."""
    for name in SERVICES:
        print(f'set_database {name} "$LINGJUN_{name.upper()}_DATABASE_PASSWORD"')


def empty_passwords(kind: str) -> None:
    """Print the empty password of each service's user for .env.example; `kind` is DATABASE or BROKER."""
    for name in SERVICES:
        print(f"LINGJUN_{name.upper()}_{kind}_PASSWORD=")


def extras() -> None:
    """Print the extras that `make lock` writes files for."""
    print(f"EXTRAS := {' '.join(SERVICES)} sandbox demo")


def development_extra() -> None:
    """Print the extra of all services, for development."""
    print(f'    "lingjun[{",".join(SERVICES)},sandbox,demo]",')


def import_containers(key: str) -> None:
    """Print the packages of the services, for a contract of import-linter."""
    packages = ", ".join(f'"services.{name}"' for name in SERVICES)
    print(f"{key} = [{packages}]")


if __name__ == "__main__":
    sys.exit(run_cog("-r"))
