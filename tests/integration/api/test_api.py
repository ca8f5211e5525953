"""The read-only API: what a token opens and what not, lists that go on, errors, and that people see who read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from blueprints import problems
from lib.codes import ApiScope, Status
from lib.database import utcnow
from models import ApiAccess, ApiToken, Event, Record, RecordRemoval, db
from services import audit
from services.api import accesses
from services.departments import tree
from tests.support.people import id_number
from tests.support.rules.statements import counted

R, W, N, A = ApiScope.RECORDS, ApiScope.WORK, ApiScope.NUMBERS, ApiScope.APPLICATIONS
HERE, THERE = "210102", "210103"
BASE = "/api/v1"


class OtherSystem:
    """Asks the API as a program does: no cookies, a token in the header."""

    def __init__(self, app: Any, token: str) -> None:
        self.client, self.headers = app.test_client(use_cookies=False), {"Authorization": f"Bearer {token}"}

    def ask(self, path: str, method: str = "GET", expect: int = 200, **options: Any) -> Any:
        db.session.rollback()
        headers = self.headers | options.pop("headers", {})
        answer = self.client.open(f"{BASE}/{path}", method=method, headers=headers, **options)
        db.session.rollback()
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        assert "Set-Cookie" not in answer.headers
        if expect >= 400:
            assert answer.content_type == problems.CONTENT_TYPE
            assert answer.json["status"] == expect
            assert answer.json["detail"]
        return answer

    def look_up(self, number: str, expect: int = 200, what: str = "records") -> Any:
        return self.ask(f"{what}/lookup", "POST", expect, json={"number": number})

    def ids(self, path: str = "records", **query: str) -> list[str]:
        return [row["id"] for row in self.ask(path, query_string=query).json[path]]


@pytest.fixture
def system(app, make):
    def with_token(*scopes: ApiScope, **options: Any) -> OtherSystem:
        return OtherSystem(app, make.api_token(*scopes, **options))

    return with_token


@pytest.fixture
def record(make):
    return make.record()


@pytest.fixture
def later():
    """What was decided a moment ago can still be undone: lists tell it a minute later."""
    with time_machine.travel(utcnow() + timedelta(minutes=3)):
        yield


def test_a_token_opens_its_fields_and_nothing_else(system, record, later):
    number = record.account.id_number
    plain = system(R, department=HERE).look_up(number).json
    assert plain["name"] == "单小燕"
    assert plain["state"] == "active"
    assert plain["department"] == HERE
    assert {"employer", "id_number", "id_type"}.isdisjoint(plain)
    assert number not in str(plain)
    full = system(R, W, N, department=HERE).ask(f"records/{plain['id']}").json
    assert (full["id_number"], full["id_type"]) == (number, record.account.id_type.value)
    assert full["qualification_title"]
    system(A).look_up(number, 403)
    system(A).ask("records", expect=403)
    system(R).look_up("LN20260000001", 403, what="applications")


def test_a_foreign_person_is_not_found_like_one_who_is_missing(system, record, later):
    foreign = system(R, N, department=THERE)
    known, uid = record.account.id_number, record.uid
    foreign.look_up(id_number(801), 404)  # what a process reads once is read
    seen = []
    for number in (known, id_number(802)):
        with counted() as asked:
            answer = foreign.look_up(number, 404)
        seen.append((answer.data, len(answer.headers), [statement.split(" ")[0] for statement in asked]))
    assert seen[0] == seen[1]
    assert foreign.ask(f"records/{uid}", expect=404).data == foreign.ask("records/nobody", expect=404).data
    assert foreign.ask(f"records?department={HERE}", expect=404).data == seen[0][0]
    assert foreign.ids() == []
    assert db.session.scalar(select(func.count()).select_from(ApiAccess)) == 0


def test_a_list_is_read_in_pages_and_later_goes_on_with_what_changed(make, system):
    ids = [make.record().uid for _ in range(3)]
    reader = system(R)
    with time_machine.travel(utcnow() + timedelta(minutes=2), tick=False):
        pages: list[list[str]] = []
        cursor: dict[str, str] = {}
        for _ in range(3):
            page = reader.ask("records", query_string={"limit": "1", **cursor}).json
            pages.append([row["id"] for row in page["records"]])
            cursor = {"cursor": page["next"]}
        assert pages == [[one] for one in ids]
        assert page["more"] is False
        nothing = reader.ask("records", query_string=cursor).json
        assert (nothing["records"], nothing["next"]) == ([], cursor["cursor"])
        since = utcnow().isoformat()
        assert reader.ids(since=since) == []
        db.session.execute(db.update(Record).values(employer="样例新单位"))
        db.session.commit()
    with time_machine.travel(utcnow() + timedelta(minutes=5)):
        assert set(reader.ids(**cursor)) == set(ids)
        assert reader.ids(since=since) == reader.ids(**cursor)
        for code, most in (("210100", 3), (HERE, 3), (THERE, 0)):
            assert len(reader.ids(department=code)) == most


def test_what_was_decided_this_minute_is_not_told_yet(make, system):
    record, reader = make.record(), system(R)
    assert reader.ids() == []
    with time_machine.travel(utcnow() + timedelta(minutes=2)):
        assert reader.ids() == [record.uid]


def test_a_record_that_goes_to_another_department_or_is_revoked_is_told_as_gone(make, system):
    moved, gone = make.record(), make.record()
    ids = {moved.uid, gone.uid}
    moved.department_id = make.department(THERE).id
    db.session.delete(gone)
    db.session.commit()
    assert db.session.scalar(select(func.count()).select_from(RecordRemoval)) == 2
    with time_machine.travel(utcnow() + timedelta(minutes=2)):
        assert set(system(R, department=HERE).ids("removals")) == ids
        assert system(R, department="210100").ids("removals") == [next(iter(ids - {moved.uid}))]
        assert system(R, department=THERE).ids("removals") == []


def test_the_state_of_a_declaration_by_its_number(make, system):
    waiting, draft = make.declaration(Status.SUBMITTED), make.declaration()
    reader = system(A, department=HERE)
    found = reader.look_up(waiting.number, what="applications").json
    assert (found["state"], found["state_title"], found["decided_at"]) == ("submitted", "待审核", None)
    reader.look_up(draft.number, 404, what="applications")
    system(A, department=THERE).look_up(waiting.number, 404, what="applications")


def test_the_person_sees_which_system_read_the_data_and_the_auditor_each_request(make, system, record, browser, later):
    reader = system(R, N, department=HERE)
    for _ in range(2):
        reader.look_up(record.account.id_number)
    reader.ids()
    reader.look_up(id_number(901), 404)
    account = record.account
    (entry,) = [one for one in audit.accesses(account.id) if one.verb == "api_read"]
    assert entry.title == "样例系统（其他系统）通过接口读取，当天 3 次"
    assert entry.title in browser.sign_in(account).open("/account").text
    said = list(db.session.scalars(select(Event.detail).where(Event.verb == "api_read").order_by(Event.at)))
    assert [text.partition(": ")[2] for text in said] == [
        *["lookup, 1 people"] * 2,
        "records, 1 people",
        "lookup, 0 people",
    ]
    with time_machine.travel(utcnow() + accesses.KEPT + timedelta(days=2)):
        assert accesses.delete_old() == 1
    db.session.rollback()


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_that_may_not_be_used_is_refused_like_one_that_does_not_exist(app, make, system):
    good = system(R, department=HERE)
    good.ask("departments")
    unknown = OtherSystem(app, "kj_x").ask("departments", expect=401)
    assert unknown.headers["WWW-Authenticate"].startswith("Bearer ")
    row = db.session.scalars(select(ApiToken)).one()
    row.revoked_at = utcnow()
    db.session.commit()
    refused = [
        good.ask("departments", expect=401),
        system(R, confirmed=False).ask("departments", expect=401),
        system(R, networks=["192.0.2.0/24"]).ask("departments", expect=401),
    ]
    with time_machine.travel(utcnow() - timedelta(days=31)):
        old = system(R, days=30)
        old.ask("departments")
    refused.append(old.ask("departments", expect=401))
    assert {answer.data for answer in refused} == {unknown.data}
    system(R, networks=["127.0.0.0/8"]).ask("departments")
    for header in ("", "Basic a2o6eA==", "Basic \u00ff", "Bearer", "Bearer \u00e9"):
        assert app.test_client().get(f"{BASE}/departments", headers={"Authorization": header}).status_code == 401


def test_more_requests_than_a_minute_has_wait_for_the_next_one(system):
    with time_machine.travel("2026-11-23T08:00:20Z", tick=False):
        reader = system(R, per_minute=2)
        for _ in range(2):
            reader.ask("departments")
        refused = reader.ask("departments", expect=429)
        assert refused.headers["Retry-After"] == "40"
    with time_machine.travel("2026-11-23T08:01:00Z", tick=False):
        reader.ask("departments")


# --- HTTP -------------------------------------------------------------------------------------------------------------


def test_errors_etags_and_methods_are_as_programs_expect_them(system, record, later):
    reader = system(R, department=HERE)
    first = reader.ask("records")
    again = reader.ask("records", expect=304, headers={"If-None-Match": first.headers["ETag"]})
    assert again.data == b""
    head = reader.ask("records", "HEAD")
    assert (head.data, head.headers["ETag"]) == (b"", first.headers["ETag"])
    assert first.headers["Cache-Control"] == "no-store"
    assert set(reader.ask("records", "OPTIONS").headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert set(reader.ask("records", "DELETE", 405).headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    reader.ask("nothing", expect=404)
    for query in (
        "limit=0",
        "department=",
        "cursor=",
        "limit=201",
        "limit=x",
        "departement=x",
        "limit=1&limit=2",
        "cursor=x",
        "since=2026-11-23",
    ):
        reader.ask(f"records?{query}", expect=400)
    wrong: list[Any] = [{}, [], {"number": 1}, {"number": "1", "x": "1"}]
    for sent in wrong:
        reader.ask("records/lookup", "POST", 400, json=sent)
    reader.ask("records/lookup", "POST", 400, data=b"{", content_type="application/json")
    for what in ("records", "applications"):
        system(R, A).look_up("LN\ud800", 400, what)
    reader.ask("records/lookup", "POST", 415, data={"number": "1"})
    reader.ask("records/lookup", "POST", 413, data=b" " * 20_000, content_type="application/json")


def test_departments_are_those_of_the_scope(system, make):
    reader = system(A, department="210100")
    codes = [row["code"] for row in reader.ask("departments").json["departments"]]
    assert codes[0] == "210100"
    assert len(codes) == len(tree.load().under(make.department("210100").path))
    assert reader.ask(f"departments/{HERE}").json["above"] == "210100"
    reader.ask("departments/210000", expect=404)


def test_the_number_of_statements_of_a_page_does_not_grow_with_its_rows(make, system):
    make.record()
    reader = system(R, N)
    with time_machine.travel(utcnow() + timedelta(minutes=2)):
        reader.ids()
        with counted() as few:
            reader.ids()
    make.record()
    make.record()
    with time_machine.travel(utcnow() + timedelta(minutes=4)), counted() as many:
        assert len(reader.ids()) == 3
    assert len(few) == len(many) <= 8
