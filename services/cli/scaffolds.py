"""Commands that write something new: new service, event, page, migration. For developers; they need the whole source tree."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.examples import examples
from services.loading import check_service, load

_ROOT = Path(__file__).parents[2]
app = typer.Typer()
new = typer.Typer(help="Write the files of something new.")
app.add_typer(new, name="new")
Title = Annotated[str, typer.Option(help="Its Chinese title.")]
TitleEn = Annotated[str, typer.Option("--title-en", help="Its English title.")]


@new.command(
    epilog=examples(
        'lingjun new service alumni --title 校友服务 --title-en Alumni --summary 校友名册 --summary-en "Keeps the alumni"'
    )
)
def service(
    name: Annotated[str, typer.Argument(help="Lower-case letters, such as alumni.", show_default=False)],
    title: Title,
    title_en: TitleEn,
    summary: Annotated[str, typer.Option(help="What it does, in Chinese, for the portal's link.")],
    summary_en: Annotated[str, typer.Option("--summary-en", help="The same in English.")],
) -> None:
    """Write a service with a table, a page, an API and tests. It gets a role of its own name."""
    _report(
        load("tools.scaffold").new_service(
            _ROOT, name, title=title, title_en=title_en, summary=summary, summary_en=summary_en
        )
    )


@new.command(
    epilog=examples('lingjun new event review CertificateRevoked --title 证书撤销 --title-en "Certificate revoked"')
)
def event(
    publisher: Annotated[str, typer.Argument(help="The name of the service that publishes it.", show_default=False)],
    name: Annotated[str, typer.Argument(help="A class name in the past tense.", show_default=False)],
    title: Title,
    title_en: TitleEn,
) -> None:
    """Write an event about an application, with its line on the timeline. Subscribers are entries in the registry."""
    _report(load("tools.scaffold").new_event(_ROOT, publisher, name, title=title, title_en=title_en))


@new.command(epilog=examples("lingjun new page review notes --title 备注 --title-en Notes"))
def page(
    service: Annotated[str, typer.Argument(help="The name of a service, such as intake.", show_default=False)],
    name: Annotated[str, typer.Argument(help="Its path below the service: lower-case letters.", show_default=False)],
    title: Title,
    title_en: TitleEn,
) -> None:
    """Write a page of a service, with its link, template and test."""
    _report(load("tools.scaffold").new_page(_ROOT, service, name, title=title, title_en=title_en))


@new.command(epilog=examples('lingjun new migration intake "Store the date of the notice"'))
def migration(
    service: Annotated[
        str, typer.Argument(help="The name of a service, or shared for the infrastructure.", show_default=False)
    ],
    message: Annotated[str, typer.Argument(help="What the migration changes, and why.", show_default=False)],
) -> None:
    """Write a migration. It holds what the models have and the migrations so far lack."""
    if service != "shared":
        check_service(service)
    load("shared.persistence.schema").autogenerate(service, message)


def _report(written: list[Path]) -> None:
    for path in written:
        typer.echo(path.relative_to(_ROOT))
    typer.echo("Now run: make check")
