"""What the sweeps do when a deployment calls them, and not the schedule."""

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.workers import record_sweep, sweep
from chalicelib.workers.indexes import EVENT
from infra.deployment.indexes import FUNCTIONS
from infra.template.functions import FUNCTIONS as DEPLOYED
from tests.doubles.article_store import MemoryArticleStore
from tests.doubles.lrs_world import LrsWorld


def test_the_sweep_sees_to_the_index_of_articles_and_sweeps_nothing() -> None:
    services: Any = SimpleNamespace(article_store=MemoryArticleStore())
    sweep.handle(EVENT, None, services)
    assert services.article_store.calls == {"ensure_index": 1}


def test_the_sweep_of_records_sees_to_the_indexes_of_statements_and_registries() -> None:
    services: Any = SimpleNamespace(lrs=LrsWorld())
    record_sweep.handle(EVENT, None, services)
    stored = services.lrs.stored
    assert (stored.statement_store.calls, stored.registry_store.calls) == (
        {"ensure_indexes": 1},
        {"ensure_indexes": 1},
    )


def test_a_failure_reaches_the_deployment() -> None:
    def down() -> None:
        raise Unavailable("The article store", "no answer")

    services: Any = SimpleNamespace(article_store=SimpleNamespace(ensure_index=down))
    with pytest.raises(Unavailable):
        sweep.handle(EVENT, None, services)


def test_the_functions_that_are_called_are_deployed() -> None:
    assert set(FUNCTIONS) <= {function.name for function in DEPLOYED}
