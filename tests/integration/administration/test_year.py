"""A province's year through the pages: from the old registers to the verified audit trail, and nothing is lost.

The clock is moved from day to day. The commands are those that docs/operations.md tells the operator to use.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from typing import Any

import pytest
import segno
import time_machine
from sqlalchemy import or_, select

from commands import register_work
from lib.clock import SHANGHAI
from lib.codes import AccountState, OutboxState, Status
from models import Account, Declaration, Department, Event, InboxMessage, LegacyHolder, OutboxMessage, Record, Staff, db
from services.departments import matching, snapshot
from services.queue import index as queue_index
from tests.conftest import Browser, Page
from tests.integration.departments.test_working_days import LONGER
from tests.support.applicant import assistance
from tests.support.applicant.filing import PAGES, correct, file, filled, page, sent_by, stored, submit
from tests.support.factory import picture, portrait
from tests.support.office.county_registers import CountyRegister, registers
from tests.support.office.derived import everything
from tests.support.office.printing import job_at
from tests.support.office.second_factor import code, shown_secret
from tests.support.office.spreadsheets import tables
from tests.support.office.year import Year, count, nothing_added, numbered, password_on, told
from tests.support.people import PASSWORD, STAFF_PASSWORD, id_number

ADMIN = "/staff/admin"
PROVINCE, CITY, HEPING, SHENHE, DADONG = "210000", "210100", "210102", "210103", "210104"
NEW_TOWN = "210102-XC"
ROWS, BAD = 20_000, 300


# --- the months -------------------------------------------------------------------------------------------------------


def the_first_accounts_are_made(year: Year) -> None:
    for username, role in (("xitong", "system"), ("anquan", "security"), ("shenji", "auditor")):
        where = ("--name", "周平安", "--role", role, "--department", PROVINCE, "--password-stdin")
        assert "动态验证码密钥" in year.command("staff", "create", username, *where, stdin=f"{STAFF_PASSWORD}\n")


def three_old_registers_are_imported(year: Year) -> list[CountyRegister]:
    year.on("2026-03-02")
    brought = []
    for register in registers(ROWS, BAD):
        system = year.desk("xitong")
        at = system.send(f"{ADMIN}/register", {"file": (io.BytesIO(register.data), register.name)}).location
        _worked()
        with nothing_added(LegacyHolder):
            system.send(f"{at}/columns", sent_by(system.open(at), f"{at}/columns"))
            _worked()
            assert f"导入 {register.rows - register.left_out} 条" in system.open(at).text
        listed = list(csv.reader(io.StringIO(system.open(f"{at}/findings").data.decode("utf-8-sig"))))[1:]
        assert [(int(line), result) for line, result, _why in listed] == [
            (row.line, row.result) for row in register.bad
        ]
        assert [
            row.words for row, (_line, _result, why) in zip(register.bad, listed, strict=True) if row.words not in why
        ] == []
        system.send(f"{at}/import")
        _worked()
        assert "已导入" in system.open(at).text
        brought.append(register)
    assert sum(len(register.bad) for register in brought) == BAD
    assert count(LegacyHolder) + sum(register.left_out for register in brought) == ROWS
    ruined = [LegacyHolder.archive_no, LegacyHolder.certificate_no]
    assert count(LegacyHolder, or_(*(proof.regexp_match("[#=]|E\\+|^0+$|未") for proof in ruined))) == 0
    assert count(LegacyHolder, LegacyHolder.name.regexp_match("寮|^$")) == 0
    return brought


def _worked() -> None:
    """What the site starts by itself after each of these pages."""
    db.session.rollback()
    while register_work.work_next():
        pass
    db.session.expire_all()


def every_department_gets_its_staff(year: Year) -> None:
    """A manager for each; managers make the accounts of their reviewers."""
    year.on("2026-03-16")
    system = year.desk("xitong")
    offices = [office.code for office in snapshot.current().departments if office.active]
    assert len(offices) == 116
    slips, drawn = {}, segno.make("drawing 116 of them takes seconds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segno, "make", lambda _secret: drawn)
        for office in offices:
            new = {"username": f"zr{office.lower()}", "name": "钱主管", "role": "manager", "department": office}
            slips[office] = system.send(f"{ADMIN}/staff/new", new, expect=200)
    _first_sign_in(year, slips[HEPING])
    for office in (CITY, SHENHE, DADONG):
        year.takes_over(f"zr{office}", slips[office])
    for office in (HEPING, SHENHE, DADONG):
        new = {"username": f"sh{office}", "name": "孙审核", "role": "reviewer", "department": office}
        year.takes_over(new["username"], year.desk(f"zr{office}").send(f"{ADMIN}/staff/new", new, expect=200))
    with_staff = db.session.scalars(select(Department.code).join(Staff).distinct()).all()
    assert set(with_staff) == set(offices)
    assert len([line for line in year.command("staff", "list").splitlines() if "钱主管" in line]) == 116
    assert "钱主管" in system.open(f"{ADMIN}/staff?office=210381").text


def _first_sign_in(year: Year, slip: Page) -> None:
    """With what is printed on the slip; then the officer chooses a password."""
    officer, now = Browser(year.app), code(secret=shown_secret(slip.text))
    officer.send("/staff/login", {"username": f"zr{HEPING}", "password": password_on(slip), "code": now})
    assert officer.open("/staff/queue", expect=302).location == "/staff/account"
    year.takes_over(f"zr{HEPING}", slip, officer)
    assert "待审核" in officer.open("/staff/queue").text


def a_county_is_split_and_a_zone_added(year: Year) -> str:
    """Half of the streets go to a new bureau; returns one of them. What is under way stays where it is."""
    waiting = year.filed(HEPING, "2026-05-29")
    year.on("2026-06-01")
    system, streets = year.desk("xitong"), list(matching.streets(HEPING))
    half = streets[: len(streets) // 2]
    for parent, suffix, name, given in (
        (HEPING, "XC", "样例新城区财政局", half),
        (DADONG, "GX", "样例高新区财政局", list(matching.streets(DADONG))[:1]),
    ):
        covers = system.send(f"{ADMIN}/departments/new", {"name": name, "suffix": suffix, "parent": parent}).location
        system.send(covers, {"county": parent, "street": given})
        office, username = f"{parent}-{suffix}", f"zr{parent}-{suffix.lower()}"
        new = {"username": username, "name": "钱主管", "role": "manager", "department": office}
        year.takes_over(username, system.send(f"{ADMIN}/staff/new", new, expect=200))
    for street in streets:
        place = {"city": CITY, "county": HEPING, "street": street}
        found = system.open(f"{ADMIN}/department-check", query_string=place).text
        first = re.findall(r'<th scope="row"[^>]*>([^ <]+)', found)[0]
        assert first == ("样例新城区财政局" if street in half else "沈阳市和平区财政局"), street
    assert stored(waiting).department_id == year.make.department(HEPING).id
    year.decide(f"sh{HEPING}", waiting, "approve")
    return half[0]


def an_old_holder_claims_and_files(year: Year, register: CountyRegister, street: str) -> Declaration:
    """All of it through the pages: the claim, the answers, pictures, the sheet, a return, the correction."""
    year.on("2026-11-30")
    name, number, archive_no, issued = register.holders[0]
    person = Browser(year.app)
    person.send("/claim", {"name": name, "number": number})
    person.send("/claim/proof", {"factor": "archive_no", "archive_no": archive_no, "issued": issued[:7]})
    person.send("/claim/password", {"password": PASSWORD, "confirm": PASSWORD})
    person.send("/login", {"name": name, "number": number, "password": PASSWORD})
    person.send("/apply/notice")
    declaration = db.session.scalars(select(Declaration).order_by(Declaration.id.desc()).limit(1)).one()
    answers: dict[str, dict[str, Any]] = {
        "personal": {"applicant_name": name, "holds_legacy_certificate": "yes", "legacy_certificate_no": archive_no},
        "department": {"home_street": street, "department_code": NEW_TOWN},
    }
    for slug in PAGES:
        sent = page(declaration, slug, **answers.get(slug, {}))
        person.send(f"/apply/{slug}", sent | ({"photo": file(portrait())} if slug == "personal" else {}))
    person.send("/apply/check/print")
    for kind in set(re.findall(r'action="/apply/papers/(\w+)"', person.open("/apply/papers").text)):
        person.send(f"/apply/papers/{kind}", {"file": [file(picture(1000, 700, len(kind)))]})
    submit(person)
    assert stored(declaration).department_id == year.make.department(NEW_TOWN).id

    year.on("2026-12-02")
    year.decide(f"zr{NEW_TOWN.lower()}", declaration, "return", "postal_address")
    year.on("2026-12-03")
    person = Browser(year.app).sign_in(stored(declaration).account)
    correct(person, "postal_address", postal_address="样例路 9 号 9 单元")
    year.make.signed_sheet(stored(declaration))
    submit(person)
    year.decide(f"zr{NEW_TOWN.lower()}", declaration, "approve")
    year.on("2026-12-04")
    assert "样例路 9 号 9 单元" in Browser(year.app).sign_in(stored(declaration).account).open("/archive").text
    assert told(declaration.account_id, "审核通过")
    return declaration


def next_years_notice_moves_due_dates(year: Year) -> None:
    waiting = [year.filed(county, "2026-12-21") for county in (HEPING, SHENHE, DADONG)]
    assert {(one.due_on, one.due_estimated) for one in waiting} == {(date(2027, 1, 5), True)}
    year.on("2026-12-22")
    system = year.desk("xitong")
    pasted = {"text": LONGER, "source": "样例〔2026〕1号"}
    assert "3 件正在审核的申报期限会改变" in system.send(f"{ADMIN}/calendar/notice", pasted, expect=200).text
    system.send(f"{ADMIN}/calendar/notice", pasted | {"action": "adopt"})
    numbers = [one.number for one in waiting]
    year.command("tick")
    for one in map(numbered, numbers):
        assert (stored(one).due_on, stored(one).due_estimated) == (date(2027, 1, 6), False)
        assert told(one.account_id, "审核期限有变化")
        year.decide(f"sh{stored(one).department_code}", one, "approve")


def each_outcome_of_an_assistance_request(year: Year) -> None:
    """Lost password: 是本人; occupied: 他人填错号码, 被他人冒用 and taken back; a bad picture: 不予通过."""
    year.on("2027-01-11")
    numbers = [assistance.NUMBER, *(id_number(serial) for serial in (711, 713, 715))]
    holders = [
        _registered(year, name, number)
        for name, number in zip(("马建军", "单小燕", "冯立春", "褚雪梅"), numbers, strict=True)
    ]
    people = [Browser(year.app) for _number in numbers]
    receipt = assistance.apply(people[0], number=numbers[0])
    desk = year.desk(f"sh{HEPING}")
    assistance.decide(desk, "mistyped", **assistance.CORRECTED)
    assistance.come_back(people[0], receipt)
    assistance.set_password(people[0])
    assistance.sign_in(people[0])
    assistance.sign_in(Browser(year.app), "马建军", assistance.OTHER, PASSWORD)

    assistance.apply(people[1], number=numbers[1], need="password")
    assistance.decide(desk, "same_person")
    assistance.set_password(people[1])
    assistance.sign_in(people[1], number=numbers[1])

    assistance.apply(people[2], number=numbers[2])
    assistance.decide(desk, "misuse", **assistance.GROUNDS)
    assistance.sign_in(Browser(year.app), "冯立春", numbers[2], PASSWORD, expect=422)
    year.desk(f"zr{HEPING}").send(assistance.address("/unfreeze"), {"reason": "误判"})
    assistance.sign_in(Browser(year.app), "冯立春", numbers[2], PASSWORD)

    assistance.apply(people[3], number=numbers[3], need="password", name="褚雪梅")
    assistance.decide(desk, "refused", answer="照片看不清")
    assert "照片看不清" in people[3].open("/assistance/answer").text
    assistance.sign_in(Browser(year.app), "褚雪梅", numbers[3], PASSWORD)
    assert "已办理" in desk.open("/staff/assistance?tab=decided").text
    assert told(holders[0], "号码已更正")
    assert count(Account, Account.state == AccountState.FROZEN) == 0


def _registered(year: Year, name: str, number: str) -> int:
    person = Browser(year.app)
    who = {
        "id_type": "resident_id",
        "number": number,
        "name": name,
        "phone": f"1380013{number[14:18].replace('X', '0')}",
    }
    person.send("/register", who | {"privacy": "yes"})
    person.send("/register/password", {"password": PASSWORD, "confirm": PASSWORD})
    return db.session.scalars(select(Account.id).order_by(Account.id.desc()).limit(1)).one()


def a_number_is_corrected(year: Year) -> None:
    declaration = year.filed(HEPING, "2027-01-12")
    year.decide(f"sh{HEPING}", declaration, "approve")
    record = db.session.scalars(select(Record).where(Record.account_id == declaration.account_id)).one()
    right, desk = id_number(991), year.desk(f"zr{HEPING}")
    why = {"id_type": "resident_id", "number": right, "reason": "注册时填错", "evidence": "已核对身份证件原件"}
    desk.send(f"/staff/archive/{record.uid}/number", why)
    name = stored(declaration).account.name
    assistance.sign_in(Browser(year.app), name, right, PASSWORD)
    assert told(declaration.account_id, "证件号码已更正")
    assert record.uid in desk.send("/staff/archive/search", {"q": right}, expect=200).text


def a_record_moves_with_its_person(year: Year) -> Record:
    declaration = year.filed(SHENHE, "2027-01-13")
    year.decide(f"sh{SHENHE}", declaration, "approve")
    year.on("2027-01-14")
    account = stored(declaration).account
    person = Browser(year.app).sign_in(account)
    person.send("/archive/change", {"topic": ["employer"]})
    change = db.session.scalars(select(Declaration).order_by(Declaration.id.desc()).limit(1)).one()
    person.send("/apply/department", filled(change, "department", home_county=DADONG, department_code=DADONG))
    year.make.signed_sheet(stored(change))
    submit(person)
    year.decide(f"sh{DADONG}", change, "approve")
    record = db.session.scalars(select(Record).where(Record.account_id == account.id)).one()
    assert record.department.code == DADONG
    year.on("2027-01-15")
    assert "档案已转到" in year.desk(f"zr{SHENHE}").open("/staff/inbox").text
    year.desk(f"sh{SHENHE}").open(f"/staff/archive/{record.uid}", expect=404)
    return record


def a_department_is_closed(year: Year) -> None:
    """Planned before; what came meanwhile goes along, with the records and the officers."""
    year.on("2027-01-18")
    close = {"on": "2027-02-01", "successor": DADONG, "officers": "move"}
    year.desk("xitong").send(f"{ADMIN}/departments/{SHENHE}/close", close)
    waiting = year.filed(SHENHE, "2027-01-20")
    year.on("2027-02-01")
    number = waiting.number
    year.command("tick")
    waiting = numbered(number)
    assert not year.make.department(SHENHE).active
    assert stored(waiting).department_id == year.make.department(DADONG).id
    body = db.session.scalars(select(InboxMessage.body).where(InboxMessage.declaration_id == waiting.id))
    assert any("已撤并" in text for text in body)
    year.decide(f"sh{SHENHE}", waiting, "approve")
    closed = select(Department.id).where(~Department.active)
    opened = Declaration.status.in_((Status.SUBMITTED, Status.IN_REVIEW, Status.RETURNED))
    assert count(Declaration, opened, Declaration.department_id.in_(closed)) == 0
    assert count(Record, Record.department_id.in_(closed)) == count(Staff, Staff.department_id.in_(closed)) == 0


def the_roster_is_exported(year: Year) -> None:
    year.on("2027-02-02")
    city = year.desk(f"zr{CITY}")
    wanted = {"office": CITY, "source": "records", "form": "xlsx", "reason": "年度核对全市人数"}
    at = city.send("/staff/roster", wanted | {"column": ["applicant_name", "id_number"]}).location
    year.command("print")
    (table,) = tables(city.open(f"/staff/print/{job_at(at).uid}/file").data)
    people = db.session.scalars(select(Account).join(Record, Record.account_id == Account.id)).all()
    assert (len(table.rows), len(people), count(Event, Event.verb == "export_roster")) == (8, 8, 1)
    assert sorted(table.column("申报人姓名")) == sorted(person.name for person in people)


def the_trail_is_verified(year: Year) -> None:
    year.on("2027-02-26")
    year.command("tick")
    auditor = year.desk("shenji")
    checked = words_of(auditor.follow(auditor.send(f"{ADMIN}/audit/verify")))
    assert "内容和顺序与写入时一致" in checked
    events = count(Event)
    exported = auditor.send(f"{ADMIN}/audit/export", {}, expect=200)
    exported.response.close()
    assert len(list(csv.reader(io.StringIO(exported.data.decode("utf-8-sig"))))) == events + 1
    assert "--head" in auditor.open(f"{ADMIN}/audit/head").text
    year.command("audit", "verify")


def words_of(shown: Any) -> str:
    return re.sub(r"<[^>]+>", "", shown.text)


def no_old_record_is_lost(brought: list[CountyRegister]) -> None:
    left_out = sum(register.left_out for register in brought)
    claimed = count(LegacyHolder, LegacyHolder.claimed_at.is_not(None))
    unclaimed = count(LegacyHolder, LegacyHolder.claimed_at.is_(None))
    assert (
        (claimed, claimed + unclaimed + left_out) == (count(Account, Account.legacy_id.is_not(None)), ROWS) == (1, ROWS)
    )


@pytest.mark.parametrize("settings", [{"SMTP_URL": "console:", "SMS_URL": "console:"}], ids=["both channels"])
def test_a_provinces_year(app, make, leftovers):
    with time_machine.travel(datetime(2026, 2, 27, 10, tzinfo=SHANGHAI), tick=False) as clock:
        year = Year(app, make, clock)
        the_first_accounts_are_made(year)
        brought = three_old_registers_are_imported(year)
        every_department_gets_its_staff(year)
        street = a_county_is_split_and_a_zone_added(year)
        an_old_holder_claims_and_files(year, brought[0], street)
        next_years_notice_moves_due_dates(year)
        each_outcome_of_an_assistance_request(year)
        a_number_is_corrected(year)
        a_record_moves_with_its_person(year)
        a_department_is_closed(year)
        the_roster_is_exported(year)
        the_trail_is_verified(year)
        no_old_record_is_lost(brought)
        assert count(Declaration, Declaration.status != Status.APPROVED) == 0
        assert count(OutboxMessage) == count(OutboxMessage, OutboxMessage.state == OutboxState.SENT)
        before = everything()
        queue_index.rebuild()
        db.session.commit()
        assert everything() == before
