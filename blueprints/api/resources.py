"""The resources: one table, of which the routes and the OpenAPI document are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from flask import Response, abort, current_app

from blueprints import writing
from blueprints.api import document, shared
from blueprints.api.document import Resource
from blueprints.api.shared import bp
from blueprints.token_gate import reader
from lib.codes import ApiScope
from models import db
from services import access
from services.api import accesses, people
from services.api.people import ApiPage, ListPlace
from services.departments import tree
from services.departments.snapshot import DepartmentNode

USUAL = 100  # rows of a page


# --- departments ------------------------------------------------------------------------------------------------------


def departments() -> Response:
    shared.query()
    nodes = tree.load().under(reader().path)
    return shared.answer({"departments": [_department(node) for node in nodes]})


def department(code: str) -> Response:
    shared.query()
    return shared.answer(_department(people.top(reader(), code) or abort(404)))


def _department(node: DepartmentNode) -> dict[str, Any]:
    codes = node.path.split("/")[:-1]
    names = ("code", "name", "phone", "address", "hours", "active")
    found = {name: getattr(node, name) for name in names}
    successor = tree.load().by_id.get(node.successor_id or 0)
    return found | {
        "kind": node.kind.value,
        "above": codes[-2] if len(codes) > 1 else None,
        "successor": successor.code if successor and not node.active else None,
    }


# --- records ----------------------------------------------------------------------------------------------------------


def records() -> Response:
    office, after, size = _asked()
    found = people.records(office, after, size)
    shown = people.shown(reader(), found.rows)
    _note("records", found.rows)
    return shared.answer({"records": shown, **_ends(found)})


def removals() -> Response:
    office, after, size = _asked()
    found = people.removals(office, after, size)
    rows = [{"id": row.record_uid, "at": people.moment(row.at)} for row in found.rows]
    return shared.answer({"removals": rows, **_ends(found)})


def record(uid: str) -> Response:
    shared.query()
    return _one(people.by_uid(reader(), uid), "record")


def record_by_number() -> Response:
    shared.query()
    return _one(people.by_number(reader(), shared.body("number")["number"]), "lookup")


def _one(row: Any | None, what: str) -> Response:
    rows = [row] if row else []
    shown = people.shown(reader(), rows)
    _note(what, rows)
    return shared.answer(shown[0]) if shown else abort(404)


def _asked() -> tuple[DepartmentNode, ListPlace | None, int]:
    given = shared.query("department", "since", "cursor", "limit")
    since: datetime | None = shared.moment(given["since"]) if "since" in given else None
    after = shared.place(given["cursor"]) if "cursor" in given else None
    size = shared.whole(given["limit"], people.MOST) if "limit" in given else USUAL
    office = people.top(reader(), given.get("department", "")) or abort(404)
    return office, max(filter(None, (after, (since, 0) if since else None)), default=None), size


def _ends(found: ApiPage) -> dict[str, Any]:
    return {"next": shared.written(found.next), "more": found.more}


# --- declarations -----------------------------------------------------------------------------------------------------


def application() -> Response:
    shared.query()
    row = people.application(reader(), shared.body("number")["number"])
    shown = people.shown_application(row) if row else None
    _note("application", [row] if row else [])
    return shared.answer(shown) if shown else abort(404)


def _note(what: str, rows: Sequence[Any]) -> None:
    """Before the answer: what cannot be written down is not told."""
    with writing():
        accesses.record(reader(), what, {row.account_id for row in rows})
        db.session.commit()


# --- the table --------------------------------------------------------------------------------------------------------

_LIST = ("department", "since", "cursor", "limit")
RESOURCES: Sequence[Resource] = (
    Resource("departments", "GET", departments, "The department of the token and those below it", "Departments"),
    Resource("departments/<code>", "GET", department, "One department", "Department"),
    Resource(
        *("records", "GET", records, "人员档案, the oldest change first; go on with `next` for what changes later"),
        *("Records", ApiScope.RECORDS, _LIST),
    ),
    Resource(
        *("removals", "GET", removals, "Records that left: their approval was revoked, or another department has them"),
        *("Removals", ApiScope.RECORDS, _LIST),
    ),
    Resource("records/<uid>", "GET", record, "One record by its id", "Record", ApiScope.RECORDS),
    Resource(
        *("records/lookup", "POST", record_by_number, "One record by 证件号码, as it is written on the document"),
        *("Record", ApiScope.RECORDS, (), "number"),
    ),
    Resource(
        *("applications/lookup", "POST", application, "The state of a declaration by its 申报编号"),
        *("Application", ApiScope.APPLICATIONS, (), "number"),
    ),
)


@bp.get("/openapi.json")
@access.public
def openapi() -> Response:
    shared.query()
    return shared.answer(document.of(RESOURCES, current_app.config["BASE_URL"] + (bp.url_prefix or "")))


def _route(resource: Resource) -> Callable[..., Response]:
    """The view, with the scope that it needs: none stands for any token."""
    view = resource.view
    view.roles = frozenset([resource.scope] if resource.scope else [])  # type: ignore[attr-defined]
    return view


for one in RESOURCES:
    bp.add_url_rule(f"/{one.path}", one.view.__name__, _route(one), methods=[one.method])
