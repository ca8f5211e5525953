"""The API answers as its own OpenAPI document says, whatever is sent to it.

``make soak`` lets schemathesis ask. It checks more: what the document forbids is refused, what it allows is taken.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import hypothesis
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.codes import ApiScope
from lib.database import utcnow
from models import db

DOCUMENT = "/api/v1/openapi.json"


@pytest.fixture
def asked(app, make):
    """A client with every scope, three minutes after a record was approved, and the record."""
    record = make.record()
    token = make.api_token(*ApiScope, per_minute=1_000_000)
    with time_machine.travel(utcnow() + timedelta(minutes=3)):
        yield app, {"Authorization": f"Bearer {token}"}, record


def examples(schema: dict[str, Any], known: list[str]) -> st.SearchStrategy[str]:
    """What fits, what nearly fits, and anything."""
    near = st.from_regex(schema["pattern"], fullmatch=True) if "pattern" in schema else st.integers(-1, 250).map(str)
    moments = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    return st.sampled_from(known) | near | moments | st.text(max_size=30)


def fits(schema: dict[str, Any], value: Any, schemas: dict[str, Any]) -> bool:
    """As much of JSON Schema as the document uses."""
    schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    kinds = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not isinstance(value, tuple(kinds[one] for one in types)) or value not in schema.get("enum", [value]):
        return False
    if isinstance(value, list):
        return all(fits(schema["items"], one, schemas) for one in value)
    if isinstance(value, dict):
        of = schema["properties"]
        return set(schema["required"]) <= set(value) <= set(of) and all(fits(of[k], value[k], schemas) for k in value)
    return True


def test_whatever_is_asked_is_answered_as_the_document_says(asked):
    app, headers, record = asked
    client = app.test_client(use_cookies=False)
    document = client.get(DOCUMENT).json
    schemas, statuses = document["components"]["schemas"], set()
    known = [record.uid, record.account.id_number, record.number, "210102", "210000", "2026-11-23T08:00:00Z", "5"]
    operations = [(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]

    @given(data=st.data(), which=st.sampled_from(operations))
    @settings(deadline=None, database=None, max_examples=80)
    def ask(data: st.DataObject, which: Any) -> None:
        path, method, operation = which
        query = {}
        for parameter in operation["parameters"]:
            name, value = parameter["name"], data.draw(examples(parameter["schema"], known))
            if parameter["in"] == "path":
                path = path.replace(f"{{{name}}}", value.replace("/", "%2F").replace("?", "%3F") or "-")
            elif data.draw(st.booleans()):
                query[name] = value
        bodies = st.fixed_dictionaries({"number": st.sampled_from(known) | st.text(max_size=70)})
        body = data.draw(bodies | st.integers() | st.none()) if "requestBody" in operation else None
        options = {"json": body} if "requestBody" in operation else {}
        db.session.rollback()
        answer = client.open(f"/api/v1{path}", method=method.upper(), query_string=query, headers=headers, **options)
        db.session.rollback()
        statuses.add(answer.status_code)
        said = operation["responses"][str(answer.status_code)]["content"]
        assert fits(said[answer.content_type]["schema"], answer.json, schemas)

    ask()
    assert statuses >= {200, 400, 404}


@pytest.mark.soak
def test_schemathesis_finds_nothing(asked):
    schemathesis = pytest.importorskip("schemathesis", reason="make soak brings it")
    app, headers, _record = asked
    statuses: set[int] = set()
    for operation in schemathesis.openapi.from_wsgi(DOCUMENT, app).get_all_operations():
        for mode in schemathesis.GenerationMode:

            @given(case=operation.ok().as_strategy(generation_mode=mode))
            @settings(
                deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck), max_examples=100
            )
            def run(case: Any) -> None:
                statuses.add(case.call_and_validate(headers=headers).status_code)

            run()
    assert 200 in statuses
    assert max(statuses) < 500
