"""schemathesis asks the API what its OpenAPI document allows, and what it forbids, and checks each answer against it."""

from __future__ import annotations

from datetime import timedelta

import hypothesis
import pytest
import schemathesis
import time_machine
from hypothesis import given, settings
from hypothesis.errors import NonInteractiveExampleWarning
from schemathesis.generation.modes import GenerationMode

from lib.codes import ApiScope
from lib.database import utcnow

DOCUMENT = "/api/v1/openapi.json"


def ask_everything(app, make, examples: int) -> set[int]:
    make.record()
    headers = {"Authorization": f"Bearer {make.api_token(*ApiScope, per_minute=1_000_000)}"}
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, app)
    statuses: set[int] = set()
    for operation in schema.get_all_operations():
        for mode in GenerationMode:

            @given(case=operation.ok().as_strategy(generation_mode=mode))
            @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck))
            def run(case) -> None:
                response = case.call_and_validate(headers=headers)
                statuses.add(response.status_code)

            run()
    return statuses


def test_answers_are_as_the_document_says(app, make):
    with time_machine.travel(utcnow() + timedelta(minutes=2)):
        assert ask_everything(app, make, 5) >= {200, 400, 404}
