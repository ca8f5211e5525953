"""会计管理部门: which departments an address leads to, in which order and why; the reference data they come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from lib.codes import DepartmentKind
from models import CalendarDay, Department, DepartmentDivision, Division, Option, ReturnReason, db
from services.departments import matching
from services.departments.reference_data import load_reference_data

DATA = Path(__file__).resolve().parents[3] / "data"
SHENYANG, HEPING, PROVINCE = "210100", "210102", "210000"


def matched(city: str = SHENYANG, county: str = HEPING, street: str | None = None, affiliation: str | None = None):
    return matching.match(city, county, street, affiliation)


def codes(**address) -> list[str]:
    return [candidate.code for candidate in matched(**address)]


def zone(street: str, code: str = "210102-KF", parent: str = HEPING) -> Department:
    """A functional zone that covers one street, as an administrator adds it."""
    above = db.session.scalars(select(Department).where(Department.code == parent)).one()
    made = Department(code=code, name="样例开发区财政局", kind=DepartmentKind.ZONE, parent=above)
    made.path = f"{above.path}{code}/"
    made.covers = [DepartmentDivision(division_code=street)]
    db.session.add(made)
    db.session.commit()
    return made


# --- matching ---


def test_the_county_comes_first_then_its_city_then_the_province(app):
    assert codes() == [HEPING, SHENYANG, PROVINCE]


@pytest.mark.parametrize("affiliation", ["county", "other", None])
def test_local_units_keep_that_order(app, affiliation):
    assert codes(affiliation=affiliation) == [HEPING, SHENYANG, PROVINCE]


@pytest.mark.parametrize("affiliation", ["central", "provincial"])
def test_central_and_provincial_units_come_to_the_province_first(app, affiliation):
    found = matched(affiliation=affiliation)
    assert [candidate.code for candidate in found] == [PROVINCE, HEPING, SHENYANG]
    assert "中央和省属单位" in found[0].reason


def test_municipal_units_come_to_the_city_first(app):
    found = matched(affiliation="municipal")
    assert [candidate.code for candidate in found] == [SHENYANG, HEPING, PROVINCE]
    assert "市属单位" in found[0].reason


def test_every_candidate_says_why_it_is_offered(app):
    assert all(candidate.reason for candidate in matched())
    assert "县(区)" in matched()[0].reason


def test_a_zone_that_covers_the_street_comes_before_the_county(app):
    street = next(iter(matching.streets(HEPING)))
    zone(street)

    found = matched(street=street)
    assert [candidate.code for candidate in found] == ["210102-KF", HEPING, SHENYANG, PROVINCE]
    assert "功能区" in found[0].reason


def test_a_zone_is_not_offered_for_other_streets(app):
    first, second, *_ = matching.streets(HEPING)
    zone(first)

    assert codes(street=second) == [HEPING, SHENYANG, PROVINCE]
    assert codes(street=None) == [HEPING, SHENYANG, PROVINCE]


def test_a_department_out_of_use_is_not_offered(app, make):
    make.department(HEPING).active = False
    db.session.commit()
    assert codes() == [SHENYANG, PROVINCE]


def test_dalian_and_what_lies_below_it_collect_by_themselves(app):
    found = matching.match("210200", "210204", None, None)
    assert [(candidate.code, candidate.own_system) for candidate in found] == [
        ("210204", True),
        ("210200", True),
        ("210000", False),
    ]


def test_two_counties_of_the_same_name_are_told_apart_by_their_city(app):
    names = [
        matching.match(city, county, None)[0].name for city, county in (("210100", "210106"), ("210300", "210303"))
    ]
    assert names == ["沈阳市铁西区财政局", "鞍山市铁西区财政局"]


def test_every_county_leads_to_three_departments(app):
    for city in matching.cities():
        for county in matching.counties(city):
            assert [c.code for c in matching.match(city, county, None)] == [county, city, PROVINCE]


# --- divisions ---


def test_the_three_selects_have_the_divisions_of_the_list(app):
    assert len(matching.cities()) == 14
    counties = [county for city in matching.cities() for county in matching.counties(city)]
    assert len(counties) == 100
    assert sum(len(matching.streets(county)) for county in counties) == 1406


@pytest.mark.parametrize("parent", ["", "999999", "210102"])
def test_an_unknown_city_has_no_counties(app, parent):
    assert matching.counties(parent) == {}


def test_a_street_added_later_is_there_at_once(app):
    before = matching.streets(HEPING)
    db.session.add(Division(code="210102999", name="样例街道", level="street", parent_code=HEPING))
    db.session.commit()
    assert matching.streets(HEPING) == {**before, "210102999": "样例街道"}


# --- reference data ---


def counted() -> dict[str, int]:
    tables = (Division, Department, DepartmentDivision, Option, ReturnReason, CalendarDay)
    return {table.__tablename__: db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def test_the_tree_has_116_departments_without_a_single_invented_phone(app):
    rows = db.session.scalars(select(Department)).all()
    kinds = [row.kind for row in rows]
    assert len(rows) == 116
    assert [kinds.count(kind) for kind in DepartmentKind] == [1, 14, 100, 1]
    assert {(row.phone, row.address, row.hours, row.verified_on) for row in rows} == {("", "", "", None)}
    assert sum(row.own_system for row in rows) == 11


def test_a_path_is_the_chain_from_the_province(app, make):
    assert make.department(HEPING).path == "210000/210100/210102/"
    assert make.department("210000-SF").path == "210000/210000-SF/"


def test_names_of_departments_are_unique(app):
    names = db.session.scalars(select(Department.name)).all()
    assert len(set(names)) == len(names)


def test_loading_again_adds_nothing(app):
    before = counted()
    assert set(load_reference_data(DATA).values()) == {0}
    assert counted() == before


def test_loading_again_keeps_what_people_edited(app, make):
    make.department(HEPING).phone = "024-86123456"
    option = db.session.get(Option, ("unit_type", "other"))
    assert option
    option.title, option.retired = "其他单位", True
    reason = db.session.scalars(select(ReturnReason)).first()
    assert reason
    reason.advice, reason.retired = "改过的话", True
    db.session.commit()

    load_reference_data(DATA)
    db.session.commit()
    db.session.expire_all()

    assert make.department(HEPING).phone == "024-86123456"
    assert (option.title, option.retired) == ("其他单位", True)
    assert (reason.advice, reason.retired) == ("改过的话", True)


def test_what_is_missing_comes_back(app, make):
    db.session.delete(db.session.get(Option, ("unit_type", "other")))
    db.session.commit()
    assert load_reference_data(DATA)["options"] == 1


def test_every_locked_code_that_a_condition_uses_is_in_the_lists(app):
    for list_name, code in (
        ("talent", "none"),
        ("affiliation", "central"),
        ("affiliation", "provincial"),
        ("affiliation", "municipal"),
        ("person_status", "student"),
        ("education_level", "junior"),
        ("education_level", "bachelor"),
        ("abacus", "none"),
    ):
        option = db.session.get(Option, (list_name, code))
        assert option is not None, (list_name, code)
        assert option.locked, (list_name, code)


def test_reasons_are_for_questions_papers_or_declining_and_advise(app):
    rows = db.session.scalars(select(ReturnReason)).all()
    assert {row.applies_to for row in rows} == {"question", "paper", "decline"}
    assert all(row.advice for row in rows)
