"""Schema migrations of a service's database, by Alembic: those of the infrastructure tables and the service's own.

Called by `lingjun migrate`, `lingjun new migration`, standalone mode and the tests. A schema that is newer than the code is
refused.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, text
from sqlalchemy.exc import OperationalError

from shared.foundation.errors import Conflict
from shared.persistence.server_away import connect_options

_HERE = Path(__file__).parent / "migrations"
_SERVICES = Path(__file__).parents[2] / "services"
_OTHER_OWNER = text("SELECT 1 FROM pg_roles WHERE rolname = :service AND rolname <> current_user")
_GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {user}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {user}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {user}",
    "REVOKE UPDATE, DELETE ON audit, audit_leaf FROM {user}",
    "REVOKE DELETE ON audit_head FROM {user}",
    "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {user}",
)


def upgrade(database_url: str, service: str) -> None:
    """Run every migration that is missing; a repeat does nothing.

    Raises Conflict if the schema is newer than the code, or if the database cannot be used.
    """
    try:
        _upgrade(database_url, service)
        _grant(database_url, service)
    except OperationalError as fault:
        raise unusable(service, fault) from fault


def unusable(service: str, fault: OperationalError) -> Conflict:
    """Return the refusal of a command whose database is away, full, or refuses the user."""
    # The reason is in the first line of a failed statement. A refused connection has it in the last line, before the hints,
    # which begin with a tab.
    lines = [line for line in str(fault.orig).strip().splitlines() if not line.startswith("\t")]
    reason = lines[-1 if fault.statement is None else 0]
    return Conflict(
        "数据库 {service} 无法使用（{reason}）：请核对 LINGJUN_DATABASE_URL 与数据库的磁盘空间。",
        code="database-unusable",
        values={"service": service, "reason": reason},
    )


def _upgrade(database_url: str, service: str) -> None:
    config = _config(database_url, service)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    engine = create_engine(database_url, connect_args=connect_options(database_url))
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # Here, while no other connection is open: two that change the mode at once both fail with `database is locked`.
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        present = set(MigrationContext.configure(connection).get_current_heads())
    engine.dispose()
    if newer := present - known:
        raise Conflict(
            "数据库 {service} 的结构({names})比程序新:请升级程序,或恢复较早的备份。",
            code="schema-newer",
            values={"service": service, "names": ",".join(sorted(newer))},
        )
    command.upgrade(config, "heads")


def _grant(database_url: str, service: str) -> None:
    """Let the service's own PostgreSQL user work with the tables, which another user owns, but only add to the audit log.

    Nothing to do where the service's user does not exist or migrates its own database, and on SQLite.
    """
    engine = create_engine(database_url, connect_args=connect_options(database_url))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql" and connection.execute(_OTHER_OWNER, {"service": service}).scalar():
            for statement in _GRANTS:
                connection.execute(text(statement.format(user=engine.dialect.identifier_preparer.quote(service))))
    engine.dispose()


def autogenerate(service: str, message: str) -> None:
    """Write a new migration from the difference between the models and the migrations so far. For developers."""
    with TemporaryDirectory() as folder:
        _autogenerate(f"sqlite:///{folder}/empty.db", service, message)


def _autogenerate(database_url: str, service: str, message: str) -> None:
    upgrade(database_url, service)
    branch = "plumbing" if service == "shared" else service
    config = _config(database_url, service)
    begun = any((_folder(service) / "versions").glob("*.py"))
    head = f"{branch}@head" if begun else "base"
    command.revision(
        config,
        message=message,
        autogenerate=True,
        head=head,
        branch_label=None if begun else branch,
        version_path=str(_folder(service) / "versions"),
        rev_id=f"{branch}_{len(list((_folder(service) / 'versions').glob('*.py'))) + 1:04d}",
    )


def differences(database_url: str, metadata: list[MetaData]) -> list[object]:
    """Return the differences between the models and the database; empty if the migrations are complete."""
    engine = create_engine(database_url, connect_args=connect_options(database_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        found: list[object] = compare_metadata(context, metadata)  # type: ignore[arg-type]
    engine.dispose()
    return found


def _folder(service: str) -> Path:
    return _HERE if service == "shared" else _SERVICES / service / "migrations"


def _config(database_url: str, service: str) -> Config:
    config = Config()
    folders = [_HERE / "versions"] + ([_folder(service) / "versions"] if service != "shared" else [])
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(rev)s")
    config.set_main_option("version_locations", "\n".join(map(str, folders)))
    config.attributes.update(database_url=database_url, service=service)
    return config
