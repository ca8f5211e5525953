"""Demo accounts: staff, applicants and the old register, with secrets that can be printed again at any time.

Passwords and second factors derive from the installation's secret key.
"""

from __future__ import annotations

import base64
import csv
import hmac
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyotp
from sqlalchemy import select

from demo.people import LEADING, DemoPerson, id_number, people
from lib.clock import today
from lib.codes import AccountState, Role
from models import Account, LegacyHolder, Staff, db
from services.accounts import activation_codes, applicants, legacy_claim, staff
from services.old_register import batches, reading
from services.site import privacy


@dataclass(frozen=True)
class DemoOfficer:
    username: str
    name: str
    role: Role
    department: str


STAFF = (
    DemoOfficer("heping", "王立新", Role.REVIEWER, "210102"),
    DemoOfficer("heping-zhuren", "李慧", Role.MANAGER, "210102"),
    DemoOfficer("haicheng", "张春生", Role.REVIEWER, "210381"),
    DemoOfficer("haicheng-zhuren", "刘敏", Role.MANAGER, "210381"),
    DemoOfficer("shenyang", "陈国栋", Role.REVIEWER, "210100"),
    DemoOfficer("shenyang-zhuren", "杨丽", Role.MANAGER, "210100"),
    DemoOfficer("liaoning", "赵宏", Role.REVIEWER, "210000"),
    DemoOfficer("liaoning-zhuren", "孙静", Role.MANAGER, "210000"),
    DemoOfficer("xitong", "周平", Role.SYSTEM, "210000"),
    DemoOfficer("anquan", "吴岩", Role.SECURITY, "210000"),
    DemoOfficer("shenji", "郑一鸣", Role.AUDITOR, "210000"),
)

#: The old register as it is imported, for 原有用户设置密码: name, born, serial, 档案号, 证书编号, 发证日期, 单位.
LEGACY = (
    ("胡秀英", date(1968, 5, 21), 902, "LN1996004271", "210102960427", "1996-08-15", "样例县第一粮库"),
    ("林建国", date(1972, 11, 2), 903, "LN2001013306", "", "2001-06-01", "样例县水利工程有限公司"),
    ("何晓梅", date(1985, 2, 14), 904, "", "210381080119", "2008年9月", "样例县实验小学"),
    ("高䶮", date(1979, 7, 30), 905, "LN2003020815", "210102030208", "20030512", ""),
    ("马丽", date(1990, 12, 8), 906, "", "", "2012-11-20", "样例县向阳超市"),
)


def password(secret: str, who: str) -> str:
    """The password of a user name or ID number, such as ``k3f9-2mqz-7a4x``."""
    letters = base64.b32encode(_digest(secret, "password", who)).decode().lower()
    return "-".join(letters[at : at + 4] for at in (0, 4, 8))


def totp_secret(secret: str, username: str) -> str:
    return base64.b32encode(_digest(secret, "totp", username)[:20]).decode()


def _digest(secret: str, purpose: str, who: str) -> bytes:
    return hmac.digest(secret.encode(), f"demo|{purpose}|{who}".encode(), "sha256")


# --- creating them ----------------------------------------------------------------------------------------------------


def load_staff(secret: str) -> dict[str, Staff]:
    """The officers and administrators, created if missing: user name -> row."""
    found = {
        row.username: row for row in db.session.scalars(select(Staff)) if row.username in {o.username for o in STAFF}
    }
    for officer in STAFF:
        if officer.username not in found:
            found[officer.username] = _employ(secret, officer)
    db.session.flush()
    return found


def _employ(secret: str, officer: DemoOfficer) -> Staff:
    new = staff.NewStaff(officer.username, officer.name, officer.role, officer.department)
    row, _random = staff.create(new, staff.checked_hash(password(secret, officer.username), officer.name))
    row.totp_secret = totp_secret(secret, officer.username)
    return row


def register(person: DemoPerson, password_hash: str) -> Account:
    """Create the account by registration, or by a claim of the old record."""
    if person.archive_no:
        holder = legacy_claim.find(person.number)
        assert holder is not None
        return legacy_claim.claim(
            legacy_claim.ProvenClaim(holder.uid, "archive_no", None), password_hash, privacy.VERSION
        )
    email = person.answers.get("email") or ""
    wanted = applicants.Registration(person.id_type, person.number, person.name, person.phone, email, privacy.VERSION)
    return applicants.activate(applicants.reserve(wanted, ""), password_hash)


def load_register(claimants: Sequence[DemoPerson]) -> int:
    """Import the old register like a real one; returns the number of new records."""
    header = ("姓名", "证件号码", "档案号", "证书编号", "发证日期", "发证机关", "手机号码", "单位")
    rows = [
        (
            name,
            id_number(born, serial),
            archive_no,
            certificate_no,
            issued,
            "样例县财政局",
            f"1380013{9000 + serial}",
            employer,
        )
        for name, born, serial, archive_no, certificate_no, issued, employer in LEGACY
    ]
    rows += [(p.name, p.number, p.archive_no, "", "1998-02-11", "样例县财政局", p.phone, "") for p in claimants]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "register.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return batches.import_source(reading.open_source(lambda: path.open("rb")), today()).imported


def issue_code() -> tuple[str, str] | None:
    """An activation code for the first holder of the old register who has not claimed yet: (name, code)."""
    for name, born, serial, *_rest in LEGACY:
        if holder := legacy_claim.claimable(id_number(born, serial)):
            return name, activation_codes.issue(holder, None)
    return None


# --- listing them -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StaffLine:
    username: str
    name: str
    role: str
    department: str
    password: str
    totp: str  # the current code


@dataclass(frozen=True)
class PersonLine:
    name: str
    number: str
    password: str
    stage: str


@dataclass(frozen=True)
class LegacyLine:
    """A person of the old register without a password."""

    name: str
    number: str
    proof: str  # 档案号 or 证书编号; empty: by an activation code only
    month: str


def staff_lines(secret: str) -> list[StaffLine]:
    """The demo staff in the database."""
    rows = {row.username: row for row in db.session.scalars(select(Staff).where(Staff.active))}
    return [
        StaffLine(
            o.username,
            o.name,
            o.role.label,
            rows[o.username].department.name,
            password(secret, o.username),
            pyotp.TOTP(totp_secret(secret, o.username)).now(),
        )
        for o in STAFF
        if o.username in rows
    ]


def person_lines(secret: str) -> list[PersonLine]:
    """The named people of the demo in the database, without the random ones."""
    cast = {applicants.number_index(person.number): person for person in people(len(LEADING), 0, today())}
    query = select(Account.id_index).where(Account.id_index.in_(cast), Account.state == AccountState.ACTIVE)
    here = set(db.session.scalars(query))
    return [
        PersonLine(person.name, person.number, password(secret, person.number), person.stage.value)
        for index, person in cast.items()
        if index in here
    ]


def legacy_lines() -> list[LegacyLine]:
    numbers = {
        applicants.number_index(number := id_number(born, serial)): number for _name, born, serial, *_rest in LEGACY
    }
    query = select(LegacyHolder).where(LegacyHolder.id_index.in_(numbers), LegacyHolder.claimed_at.is_(None))
    return [
        LegacyLine(row.name, numbers[row.id_index], row.archive_no or row.certificate_no or "", row.issued_month or "")
        for row in db.session.scalars(query.order_by(LegacyHolder.id))
    ]
