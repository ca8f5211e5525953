"""The generator of the performance suite: always the same people, and lists as the product itself would make them."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute
from werkzeug.wrappers import Request

from bench import instances, invent, keys26, page_forms, timing
from bench.invent import Invented, Office
from bench.wsgi import Ask, environ
from lib.clock import today
from lib.database import transaction_mode
from lib.identity import number_problem
from models import Claim, Employer, EmployerSuffix, QueueCount, QueueItem, Record, SearchKey, db
from services.queue import index as queue_index

pytestmark = pytest.mark.slow

PEOPLE = 200
DAY = date(2026, 7, 1)
OFFICES = [Office(1, 0.1, (1,), None, "辽宁"), Office(2, 1, (1, 2), 2, "样例"), Office(3, 2, (1, 2, 3), 2, "样例")]


def test_the_same_seed_invents_the_same_people_and_another_one_others() -> None:
    first = list(Invented(PEOPLE, OFFICES, DAY, seed=7))
    assert first == list(Invented(PEOPLE, OFFICES, DAY, seed=7))
    assert first != list(Invented(PEOPLE, OFFICES, DAY, seed=8))


def test_invented_numbers_are_valid_distinct_and_nobodys() -> None:
    numbers = {invent.id_number(serial) for serial in range(0, 2_000_000, 997)}
    assert len(numbers) == len(range(0, 2_000_000, 997))
    assert not [number for number in numbers if number_problem("resident_id", number, DAY)]
    assert all(number.startswith("2199") for number in numbers)


def test_one_in_ten_is_in_hand_and_most_are_approved() -> None:
    people = list(Invented(5_000, OFFICES, DAY))
    found = Counter(person.status for person in people)
    assert found["submitted"] + found["in_review"] + found["returned"] == 500
    assert 4_100 < found["approved"] < 4_400
    waiting = [person.due_on for person in people if person.status == "submitted"]
    assert min(waiting) < DAY < DAY + timedelta(days=7) < max(waiting)
    assert all(day.isoweekday() <= 5 for day in waiting)
    assert Counter(person.office.id for person in people).most_common()[0][0] == 3


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return instances.make(tmp_path_factory.mktemp("people"), PEOPLE)


def rows(*columns: InstrumentedAttribute[Any]) -> list[tuple[Any, ...]]:
    return sorted(map(tuple, db.session.execute(select(*columns))), key=repr)


def derived() -> dict[str, list[tuple[Any, ...]]]:
    """What the lists read, without the running numbers of employers."""
    item = [getattr(QueueItem, column.name) for column in QueueItem.__table__.columns if column.name != "employer_id"]
    suffixes = select(EmployerSuffix.suffix, Employer.name).join(Employer, Employer.id == EmployerSuffix.employer_id)
    employed = select(QueueItem.declaration_id, Employer.name).join(Employer, Employer.id == QueueItem.employer_id)
    return {
        "lines": rows(*item),
        "counters": rows(*(getattr(QueueCount, column.name) for column in QueueCount.__table__.columns)),
        "keys": rows(SearchKey.department_id, SearchKey.key, SearchKey.declaration_id),
        "suffixes": sorted(map(tuple, db.session.execute(suffixes))),
        "employed": sorted(map(tuple, db.session.execute(employed))),
        "records": rows(Record.declaration_id, Record.city_id, Record.name, Record.employer, Record.masked_number),
    }


def test_lists_counters_and_search_keys_equal_what_the_desk_makes_of_the_same_submissions(invented: Flask) -> None:
    with invented.app_context(), transaction_mode("IMMEDIATE"):
        before = derived()
        db.session.query(EmployerSuffix).delete()
        db.session.query(QueueItem).update({QueueItem.employer_id: None})
        db.session.query(Employer).delete()
        assert queue_index.rebuild()[0] == PEOPLE
        after = derived()
        db.session.rollback()
    for what, made in before.items():
        assert made == after[what], what
        assert made


def test_counters_equal_a_recount_of_the_lines(invented: Flask) -> None:
    with invented.app_context(), transaction_mode("DEFERRED"):
        province = db.session.scalars(select(QueueCount.department_id).order_by(QueueCount.department_id)).first()
        counted: Counter[str] = Counter()
        for status, n in db.session.execute(
            select(QueueCount.status, QueueCount.n).where(QueueCount.department_id == province)
        ):
            counted[status] += n
        assert counted == Counter(db.session.scalars(select(QueueItem.status)))
        assert db.session.query(Claim).count() == counted["in_review"]
        db.session.rollback()
    assert today().year >= DAY.year


def test_keys_and_counters_of_a_country_are_those_of_its_lines(tmp_path: Path) -> None:
    app = instances.make(tmp_path / "keys", PEOPLE, fill=keys26.fill)
    with app.app_context(), transaction_mode("DEFERRED"):
        lines = rows(QueueItem.declaration_id, QueueItem.department_id, QueueItem.name)
        found = rows(SearchKey.declaration_id, SearchKey.department_id, SearchKey.key)
        wanted = {(row, office, key) for row, office, name in lines for key in queue_index.search_keys(name, "")}
        names = {one for one in found if one[2][0] == queue_index.NAME_KEY}
        assert names == {one for one in wanted if one[2][0] == queue_index.NAME_KEY}
        assert {one for one in found if one[2][0] == queue_index.INITIALS_KEY} <= wanted
        province = select(func.min(QueueCount.department_id)).scalar_subquery()
        counted = db.session.scalar(select(func.sum(QueueCount.n)).where(QueueCount.department_id == province))
        assert counted == len(lines) == PEOPLE
        db.session.rollback()


def test_each_variant_is_called_once_a_round_and_whoever_begins_changes() -> None:
    order: list[tuple[str, int]] = []

    def variant(name: str) -> timing.Call:
        def call(number: int) -> int:
            order.append((name, number))
            return number

        return call

    found = timing.in_turn({"a": variant("a"), "b": variant("b")}, calls=4)
    rounds = [order[place : place + 2] for place in range(8, 16, 2)]
    assert [round_[0][0] for round_ in rounds] == ["a", "b", "a", "b"]
    assert [[number for _name, number in round_] for round_ in rounds] == [[n, n] for n in range(4)]
    assert found["a"].lines == [0, 1, 2, 3]
    assert len(found["b"].cpu) == len(found["b"].wall) == 4


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_one_of_the_values(share: float, expected: int) -> None:
    assert timing.percentile([float(n) for n in range(100, 0, -1)], share) == expected


def test_a_folder_without_room_is_refused(tmp_path: Path) -> None:
    with pytest.raises(instances.NoRoom, match=r"10,000,000,000 people need"):
        instances.check_room(tmp_path, 10_000_000_000, with_postgres=True)


PAGE_WITH_FORMS = """
<form><input name="q"></form>
<form method="post"><input type="hidden" name="seen" value="a&amp;b">
<label for="n">姓名</label><input id="n" name="name">
<label><input type="radio" name="has" value="yes">是</label>
<label><input type="radio" name="has" value="no" checked>否</label>
<select name="first"><option value="">请选择</option><option value="1">一</option></select>
<select name="chosen"><option value="">请选择</option><option value="2" selected>二</option></select>
<label><input type="checkbox" name="posts" value="x" checked>甲</label><input type="checkbox" name="posts" value="y">
<textarea name="more">
两行
字</textarea><input type="file" name="photo"><button name="action" value="next">下一步</button></form>
"""


@pytest.mark.parametrize("files", [None, {"photo": b"\xff\xd8jpeg"}])
def test_a_form_is_sent_as_its_page_fills_it(files: dict[str, bytes] | None) -> None:
    filled = page_forms.fields(PAGE_WITH_FORMS, "seen")
    sent = Request(environ(Ask("/apply/personal?x=1", filled, files), "a=b"))
    assert {name: sent.form.getlist(name) for name in sent.form} == {
        "seen": ["a&b"],
        "name": [""],
        "has": ["no"],
        "first": [""],
        "chosen": ["2"],
        "posts": ["x"],
        "more": ["两行\n字"],
    }
    with sent:  # closes the files
        assert {name: file.read() for name, file in sent.files.items()} == (files or {})
    assert page_forms.controls(PAGE_WITH_FORMS, "seen")["has"].options == [["yes", "是"], ["no", "否"]]
