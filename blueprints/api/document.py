"""The OpenAPI 3.1 document, made of the table of resources and of the fields of a record."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response

from blueprints import problems
from blueprints.api.shared import CURSOR, VERSION
from lib.codes import ApiScope, DepartmentKind, Kind, Status
from services.api import people
from services.api.people import FIELDS, MAYBE, MAYBE_MOMENT, MOMENT, TEXT

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """One address with its method. ``answer``: the schema of its answer. ``body``: the one text that is sent."""

    path: str
    method: str
    view: Callable[..., Response]
    meaning: str
    answer: str
    scope: ApiScope | None = None
    parameters: Sequence[str] = ()
    body: str = ""


_PARAMETERS: Mapping[str, tuple[str, Schema]] = {
    "department": ("Code of a department of the scope: it and those below", {"type": "string", "pattern": "^[0-9]{6}"}),
    "since": ("Only what changed at or after this moment", {"type": "string", "format": "date-time"}),
    "cursor": ("`next` of an earlier answer", {"type": "string", "pattern": CURSOR}),
    "limit": ("Rows of the page", {"type": "integer", "minimum": 1, "maximum": people.MOST, "default": 100}),
}
_STATES = [state.value for state in Status if state not in (Status.DRAFT, Status.DROPPED)]


def _object(properties: Schema, required: Sequence[str] | None = None) -> Schema:
    names = list(properties) if required is None else list(required)
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


def _codes(codes: Sequence[str]) -> Schema:
    return {"type": "string", "enum": list(codes)}


def _page(name: str, of: str) -> Schema:
    rows = {"type": "array", "items": {"$ref": f"#/components/schemas/{of}"}}
    cursor = {"type": ["string", "null"], "pattern": CURSOR, "description": "Where what follows begins; keep it"}
    return _object({name: rows, "next": cursor, "more": {"type": "boolean", "description": "Ask again at once"}})


def _record() -> Schema:
    words = {field.name: f"{field.meaning} (scope `{field.scope.value}`)" for field in FIELDS}
    properties = {field.name: {**field.schema, "description": words[field.name]} for field in FIELDS}
    return _object(properties, [field.name for field in FIELDS if field.scope == ApiScope.RECORDS])


def _schemas() -> Schema:
    department = dict.fromkeys(("code", "name", "phone", "address", "hours"), TEXT)
    more = {"active": {"type": "boolean"}, "kind": _codes(list(DepartmentKind.choices()))}
    application = {"number": TEXT, "kind": _codes(list(Kind.choices())), "state": _codes(_STATES)}
    when = {"state_title": TEXT, "department": TEXT, "submitted_at": MAYBE_MOMENT, "decided_at": MAYBE_MOMENT}
    listed = {"type": "array", "items": {"$ref": "#/components/schemas/Department"}}
    return {
        "Department": _object({**department, **more, "above": MAYBE, "successor": MAYBE}),
        "Departments": _object({"departments": listed}),
        "Record": _record(),
        "Records": _page("records", "Record"),
        "Removal": _object({"id": TEXT, "at": MOMENT}),
        "Removals": _page("removals", "Removal"),
        "Application": _object({**application, **when}),
        "Problem": _object({"type": TEXT, "title": TEXT, "status": {"type": "integer"}, "detail": TEXT}),
    }


def of(resources: Sequence[Resource], address: str) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for resource in resources:
        path = "/" + re.sub(r"<(\w+)>", r"{\1}", resource.path)
        paths.setdefault(path, {})[resource.method.lower()] = _operation(resource)
    return {
        "openapi": "3.1.0",
        "info": {"title": "会计人员信息采集平台", "version": VERSION, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": address}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(resource: Resource) -> Schema:
    found: dict[str, Any] = {
        "operationId": resource.view.__name__,
        "summary": resource.meaning,
        "description": f"Scope: `{resource.scope.value}`" if resource.scope else "Any token",
        "parameters": [*_in_path(resource), *_in_query(resource)],
        "responses": _responses(resource),
    }
    if resource.body:
        text = {"type": "string", "minLength": 1, "maxLength": 64}
        found["requestBody"] = {"required": True, "content": _json(_object({resource.body: text}))}
    return found


def _in_path(resource: Resource) -> list[Schema]:
    text = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,24}$"}
    return [
        {"name": name, "in": "path", "required": True, "schema": text} for name in re.findall(r"<(\w+)>", resource.path)
    ]


def _in_query(resource: Resource) -> list[Schema]:
    about = {name: _PARAMETERS[name] for name in resource.parameters}
    return [
        {"name": name, "in": "query", "description": meaning, "schema": schema}
        for name, (meaning, schema) in about.items()
    ]


def _json(schema: Schema, content_type: str = "application/json") -> Schema:
    return {content_type: {"schema": schema}}


def _responses(resource: Resource) -> Schema:
    found: dict[str, Any] = {
        "200": {"description": "OK", "content": _json({"$ref": f"#/components/schemas/{resource.answer}"})}
    }
    if resource.method == "GET":
        found["200"]["headers"] = {"ETag": {"schema": TEXT}}
        found["304"] = {"description": "As the ETag of If-None-Match"}
    codes = [400, 401, 403, 404, 429, 503, 507] + ([413, 415] if resource.body else [])
    for code in sorted(codes):
        title = problems.WORDS[code][0]
        problem = _json({"$ref": "#/components/schemas/Problem"}, problems.CONTENT_TYPE)
        found[str(code)] = {"description": title, "content": problem}
    return found
