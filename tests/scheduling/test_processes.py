"""The service's processes: the bus handles its subscriptions, and the timer fails broken searches."""

from services.demo.programme import CODE
from services.scheduling import actions
from services.scheduling.bus import HANDLERS, make_bus
from services.scheduling.models import ProgrammeRow, Proposal
from services.scheduling.states import ProposalState
from services.scheduling.worker import run_due
from shared.context import Context
from shared.events.intake import ProgrammePublished, ProgrammeRevised
from shared.persistence.models import JobRow
from shared.wiring.registry import SERVICES
from tests.scheduling.conftest import PROGRAMME


def test_the_bus_handles_exactly_its_subscriptions(scheduling):
    assert set(make_bus(scheduling.process).handlers) == set(SERVICES["scheduling"].subscriptions) == set(HANDLERS)


def test_only_a_newer_revision_replaces_the_programme(scheduling):
    newer = PROGRAMME.model_copy(update={"version": 2, "title": "修订后的项目"})
    scheduling.handle(ProgrammeRevised(programme=newer))
    scheduling.handle(ProgrammePublished(programme=PROGRAMME))
    assert [(row.version, row.data["title"]) for row in scheduling.rows(ProgrammeRow)] == [(2, "修订后的项目")]


def test_the_timer_fails_a_search_whose_job_failed(scheduling):
    scheduling.enter_panels()
    scheduling.verify()
    proposal = scheduling.act(actions.propose_interviews, CODE)
    with scheduling.transaction() as uow:
        run_due(uow, context=Context("timer", scheduling.now, scheduling.process.tools))
    assert scheduling.rows(Proposal)[0].state == ProposalState.SOLVING
    with scheduling.transaction() as uow:
        uow.session.get_one(JobRow, proposal.job_id).state = "failed"
    with scheduling.transaction() as uow:
        run_due(uow, context=Context("timer", scheduling.now, scheduling.process.tools))
    assert scheduling.rows(Proposal)[0].state == ProposalState.FAILED
    assert scheduling.act(actions.propose_interviews, CODE).state == ProposalState.SOLVING
