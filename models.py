"""What we keep: the database handle and the tables.

Times are stored in UTC. Columns named ``*_sealed`` hold AES-GCM ciphertext bound to their row; the property without the
suffix reads and writes the plain value. Columns named ``*_index`` hold keyed hashes, by which sealed values are found.
"""

from __future__ import annotations

import json
import secrets
from datetime import date, datetime
from typing import Any

from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from lib.codes import EDITABLE, AccountState, DepartmentKind, IdType, Kind, MarkState, Role, Status
from lib.crypto import Keyring
from lib.database import CONSTRAINT_NAMES, Code, UTCDateTime, refuse_changes, utcnow

# --- the database ---------------------------------------------------------------------------------


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)


db = SQLAlchemy(model_class=Base)


class Sealed:
    """An encrypted text (or JSON) over the column ``<name>_sealed``, bound to its row by table, column and uid."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.column = name, f"{name}_sealed"

    def _aad(self, row: Any) -> str:
        if not row.uid:
            row.uid = new_uid()
        return f"{row.__tablename__}|{self.name}|{row.uid}"

    def __get__(self, row: Any, owner: type | None = None) -> Any:
        if row is None:
            return self
        sealed = getattr(row, self.column)
        if sealed is None:
            return None
        plain = keys().open(sealed, self._aad(row)).decode()
        return json.loads(plain) if self.as_json else plain

    def __set__(self, row: Any, value: Any) -> None:
        if value is None or (value == "" and not self.as_json):
            setattr(row, self.column, None)
            return
        plain = json.dumps(value, ensure_ascii=False) if self.as_json else str(value)
        setattr(row, self.column, keys().seal(plain.encode(), self._aad(row)))


def keys() -> Keyring:
    ring: Keyring = current_app.extensions["kuaiji.keys"]
    return ring


def new_uid() -> str:
    """An unguessable public name for a row: 96 bits, URL-safe. Access never rests on it alone."""
    return secrets.token_urlsafe(12)


# --- places, departments, lists -------------------------------------------------------------------


class Division(Base):
    """行政区划 down to the street (乡镇街道), statistics office 2023-06-30."""

    __tablename__ = "division"

    code: Mapped[str] = mapped_column(String(9), primary_key=True)  # 6 digits, streets 9
    name: Mapped[str] = mapped_column(String(50))
    level: Mapped[str] = mapped_column(String(10))  # province, city, county, street
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("division.code"), index=True)


class Department(Base):
    """会计管理部门. ``path``: the codes from the province down, each followed by a slash; a scope is a prefix of it."""

    __tablename__ = "department"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)  # the division's code, zones with a suffix
    name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[DepartmentKind] = mapped_column(Code(DepartmentKind))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)
    path: Mapped[str] = mapped_column(String(60), index=True)
    own_system: Mapped[bool] = mapped_column(default=False)  # collects by itself (大连)
    phone: Mapped[str] = mapped_column(String(60), default="")  # several, separated by 、; empty: 暂未公布
    address: Mapped[str] = mapped_column(String(100), default="")
    hours: Mapped[str] = mapped_column(String(60), default="")
    verified_on: Mapped[date | None]
    active: Mapped[bool] = mapped_column(default=True)

    parent: Mapped[Department | None] = relationship(remote_side=[id])
    covers: Mapped[list[DepartmentDivision]] = relationship(back_populates="department")


class DepartmentDivision(Base):
    """A department covers whole divisions: a county, or single streets for a functional zone."""

    __tablename__ = "department_division"

    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), primary_key=True)
    division_code: Mapped[str] = mapped_column(ForeignKey("division.code"), primary_key=True, index=True)

    department: Mapped[Department] = relationship(back_populates="covers")


class Option(Base):
    """One choice of a list that the province may edit. Retired, never deleted: old answers keep their wording."""

    __tablename__ = "option"

    list_name: Mapped[str] = mapped_column(String(30), primary_key=True)
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    title: Mapped[str] = mapped_column(String(60))
    position: Mapped[int]
    locked: Mapped[bool] = mapped_column(default=False)  # a condition uses the code
    retired: Mapped[bool] = mapped_column(default=False)


class ReturnReason(Base):
    """A reason that an officer picks for a mark; ``advice`` is what the applicant reads."""

    __tablename__ = "return_reason"

    code: Mapped[str] = mapped_column(String(30), primary_key=True)
    applies_to: Mapped[str] = mapped_column(String(10))  # question, paper
    title: Mapped[str] = mapped_column(String(60))
    advice: Mapped[str] = mapped_column(String(200))
    position: Mapped[int]
    retired: Mapped[bool] = mapped_column(default=False)


class CalendarDay(Base):
    """A day that differs from the week's pattern: ``holiday`` or ``workday`` (调休)."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(String(60))  # "statutory" where next year's notice is not out yet


class Counter(Base):
    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    value: Mapped[int]


class Notice(Base):
    """通知公告. Published from ``published_at`` on."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text)  # plain text, an empty line between paragraphs
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)


# --- people and their access ----------------------------------------------------------------------


class Account(Base):
    """An applicant. A registration reserves the number for 30 minutes; the password turns that into the account."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("state = 'reserved' OR password_hash IS NOT NULL", name="active_has_password"),
        CheckConstraint("state <> 'reserved' OR reserved_until IS NOT NULL", name="reservation_ends"),
        Index("uq_account_number", "id_index", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    state: Mapped[AccountState] = mapped_column(Code(AccountState))
    id_type: Mapped[IdType] = mapped_column(Code(IdType))
    id_number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    id_index: Mapped[bytes] = mapped_column(LargeBinary(32))  # of the number alone: sign-in does not ask the type
    name: Mapped[str] = mapped_column(String(50))  # the sign-in name; a changed name takes its place with the approval
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    email_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    reserved_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reservation_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # of the token in the browser's cookie
    legacy_id: Mapped[int | None] = mapped_column(ForeignKey("legacy_holder.id"), unique=True)
    claim_factor: Mapped[str | None] = mapped_column(String(20))
    #: False: claimed by a weak proof, sees nothing of the old record.
    assured: Mapped[bool] = mapped_column(default=True)
    privacy_version: Mapped[str] = mapped_column(String(10), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    password_changed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    id_number = Sealed()
    phone = Sealed()
    email = Sealed()

    legacy: Mapped[LegacyHolder | None] = relationship(foreign_keys=[legacy_id])


class LegacyHolder(Base):
    """原有会计从业资格证人员, imported from the old register. Carries no password; is claimed once."""

    __tablename__ = "legacy_holder"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    batch: Mapped[str] = mapped_column(String(24), index=True)
    name: Mapped[str] = mapped_column(String(50))
    id_number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    id_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    archive_no: Mapped[str | None] = mapped_column(String(40))  # 档案号
    certificate_no: Mapped[str | None] = mapped_column(String(40))  # 证书编号
    issued_month: Mapped[str | None] = mapped_column(String(7))  # 发证年月 YYYY-MM
    issuer: Mapped[str | None] = mapped_column(String(60))
    employer: Mapped[str | None] = mapped_column(String(100))
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    division_code: Mapped[str | None] = mapped_column(ForeignKey("division.code"))
    claimed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    id_number = Sealed()
    phone = Sealed()


class ActivationCode(Base):
    """An 8-digit code that a counter issues after seeing the ID card: for a legacy record or a lost password."""

    __tablename__ = "activation_code"
    __table_args__ = (
        CheckConstraint("(legacy_id IS NULL) <> (account_id IS NULL)", name="for_one_person"),
        CheckConstraint("tries >= 0 AND tries <= 5", name="five_tries"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    legacy_id: Mapped[int | None] = mapped_column(ForeignKey("legacy_holder.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))  # keyed, of person and code
    issued_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # NULL: on the command line
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    tries: Mapped[int] = mapped_column(default=0)


class Staff(Base):
    """An officer or administrator. One account, one role."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(50))
    role: Mapped[Role] = mapped_column(Code(Role))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    totp_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_last_step: Mapped[int] = mapped_column(default=0)  # a code is taken once
    #: Of the own ID number: nobody reviews themselves.
    id_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    active: Mapped[bool] = mapped_column(default=True)
    keys_on: Mapped[bool] = mapped_column(default=True)  # single-key commands on the review page
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    totp_secret = Sealed()

    department: Mapped[Department] = relationship()


class RecoveryCode(Base):
    """A one-time stand-in for an officer's lost second factor."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class WebSession(Base):
    """A signed-in browser: the cookie holds a random token, this row its hash. Kept 24 hours after its end."""

    __tablename__ = "web_session"
    __table_args__ = (CheckConstraint("(account_id IS NULL) <> (staff_id IS NULL)", name="of_one_person"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(String(80), default="")  # browser and system, in words
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)  # the absolute end
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)


class Attempt(Base):
    """A try at something that is limited. Written and committed before the try is checked."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_lookup", "kind", "subject", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[bytes] = mapped_column(LargeBinary(32))  # keyed hash of a number, phone, address or user name
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    failed: Mapped[bool] = mapped_column(default=True)  # cleared by success


class ParkedForm(Base):
    """A form that arrived after its session's end; given back after sign-in to the same person only."""

    __tablename__ = "parked_form"
    __table_args__ = (CheckConstraint("(account_id IS NULL) <> (staff_id IS NULL)", name="of_one_person"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    path: Mapped[str] = mapped_column(String(200))
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    body = Sealed(as_json=True)  # [[name, value], ...]


class InboxMessage(Base):
    """站内消息. Texts carry no ID number and no reasons."""

    __tablename__ = "inbox_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    title: Mapped[str] = mapped_column(String(60))
    body: Mapped[str] = mapped_column(String(300))
    link: Mapped[str] = mapped_column(String(100), default="")  # a path of this site
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


# --- the declaration ------------------------------------------------------------------------------


class Answers:
    """The applicant's answers: one column a question, named like its field in forms. NULL: not asked, not answered.

    Codes are plain strings; months are ``YYYY-MM``.
    """

    # 个人信息
    applicant_name: Mapped[str | None] = mapped_column(String(50))
    mobile_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    sex: Mapped[str | None] = mapped_column(String(10))
    birth_date: Mapped[date | None]
    region: Mapped[str | None] = mapped_column(String(2))  # ISO 3166-1
    nation: Mapped[str | None] = mapped_column(String(2))  # GB/T 3304
    political_status: Mapped[str | None] = mapped_column(String(20))
    email_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    postal_address: Mapped[str | None] = mapped_column(String(100))
    postcode: Mapped[str | None] = mapped_column(String(6))
    work_started: Mapped[str | None] = mapped_column(String(7))
    accounting_started: Mapped[str | None] = mapped_column(String(7))
    holds_legacy_certificate: Mapped[str | None] = mapped_column(String(3))
    legacy_certificate_no_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # often the ID number itself
    talent: Mapped[str | None] = mapped_column(String(20))
    # 会计管理部门
    has_employer: Mapped[str | None] = mapped_column(String(3))
    category: Mapped[str | None] = mapped_column(String(20))
    employer_name: Mapped[str | None] = mapped_column(String(100))
    employer_code: Mapped[str | None] = mapped_column(String(18))  # 统一社会信用代码
    employer_code_confirmed: Mapped[str | None] = mapped_column(String(3))
    affiliation: Mapped[str | None] = mapped_column(String(20))
    unit_type: Mapped[str | None] = mapped_column(String(20))
    industry: Mapped[str | None] = mapped_column(String(1))  # GB/T 4754-2017, section
    employer_city: Mapped[str | None] = mapped_column(String(9))
    employer_county: Mapped[str | None] = mapped_column(String(9))
    employer_street: Mapped[str | None] = mapped_column(String(9))
    employer_address: Mapped[str | None] = mapped_column(String(100))
    employer_phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    accounting_posts: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    administrative_post: Mapped[str | None] = mapped_column(String(20))
    person_status: Mapped[str | None] = mapped_column(String(20))
    school: Mapped[str | None] = mapped_column(String(100))
    location_kind: Mapped[str | None] = mapped_column(String(20))
    home_city: Mapped[str | None] = mapped_column(String(9))
    home_county: Mapped[str | None] = mapped_column(String(9))
    home_street: Mapped[str | None] = mapped_column(String(9))
    home_address: Mapped[str | None] = mapped_column(String(100))
    department_code: Mapped[str | None] = mapped_column(String(12))
    # 学历信息
    full_time_level: Mapped[str | None] = mapped_column(String(20))
    full_time_degree: Mapped[str | None] = mapped_column(String(20))
    full_time_school: Mapped[str | None] = mapped_column(String(100))
    full_time_major: Mapped[str | None] = mapped_column(String(60))
    full_time_graduated: Mapped[str | None] = mapped_column(String(7))
    full_time_diploma_no: Mapped[str | None] = mapped_column(String(40))
    full_time_degree_no: Mapped[str | None] = mapped_column(String(40))
    has_part_time: Mapped[str | None] = mapped_column(String(3))
    part_time_level: Mapped[str | None] = mapped_column(String(20))
    part_time_degree: Mapped[str | None] = mapped_column(String(20))
    part_time_school: Mapped[str | None] = mapped_column(String(100))
    part_time_major: Mapped[str | None] = mapped_column(String(60))
    part_time_graduated: Mapped[str | None] = mapped_column(String(7))
    part_time_diploma_no: Mapped[str | None] = mapped_column(String(40))
    part_time_degree_no: Mapped[str | None] = mapped_column(String(40))
    # 专业技术资格
    qualification: Mapped[str | None] = mapped_column(String(20))
    qualification_kind: Mapped[str | None] = mapped_column(String(20))
    qualification_route: Mapped[str | None] = mapped_column(String(20))
    qualification_on: Mapped[date | None]
    qualification_no: Mapped[str | None] = mapped_column(String(40))
    technical_post: Mapped[str | None] = mapped_column(String(20))
    technical_post_on: Mapped[date | None]
    abacus: Mapped[str | None] = mapped_column(String(20))
    abacus_no: Mapped[str | None] = mapped_column(String(40))

    mobile = Sealed()
    email = Sealed()
    legacy_certificate_no = Sealed()
    employer_phone = Sealed()


OPEN_SQL = text("status IN ('draft', 'submitted', 'in_review', 'returned')")


class Declaration(Answers, Base):
    """One filing of one person: the working copy. Its revisions are what the office judges.

    ``version`` counts every change of the row: the second of two simultaneous writers fails.
    """

    __tablename__ = "declaration"
    __table_args__ = (
        Index("uq_declaration_one_open", "account_id", unique=True, sqlite_where=OPEN_SQL, postgresql_where=OPEN_SQL),
        Index("ix_declaration_queue", "status", "due_on", "id"),
        CheckConstraint("status NOT IN ('submitted', 'in_review') OR due_on IS NOT NULL", name="office_has_due_date"),
        CheckConstraint("status IN ('draft', 'dropped') OR revision_number > 0", name="submitted_has_revision"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    number: Mapped[str] = mapped_column(String(16), unique=True)  # 申报编号: LN + year + 7 digits
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[Kind] = mapped_column(Code(Kind), default=Kind.FIRST)
    status: Mapped[Status] = mapped_column(Code(Status), default=Status.DRAFT)
    version: Mapped[int] = mapped_column(default=1)
    revision_number: Mapped[int] = mapped_column(default=0)  # the latest revision
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)  # who handles it
    due_on: Mapped[date | None]
    due_estimated: Mapped[bool] = mapped_column(default=False)  # leans on a year without a holiday notice
    days_left: Mapped[int | None]  # working days, kept while the ball is with the applicant
    notice_read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # 阅读须知
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    touched_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)

    __mapper_args__ = {"version_id_col": version}

    account: Mapped[Account] = relationship()
    department: Mapped[Department | None] = relationship()
    revisions: Mapped[list[Revision]] = relationship(back_populates="declaration", order_by="Revision.number")
    pages: Mapped[list[PaperPage]] = relationship(
        back_populates="declaration", order_by="PaperPage.position, PaperPage.id"
    )
    claim: Mapped[Claim | None] = relationship(back_populates="declaration")

    @property
    def is_editable(self) -> bool:
        return self.status in EDITABLE


class Draft(Base):
    """What is typed on one page and not (validly) saved yet, exactly as the browser sent it."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("declaration_id", "page"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"))
    page: Mapped[str] = mapped_column(String(20))  # a step's slug
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    body = Sealed(as_json=True)  # [[name, value], ...]


class PaperPage(Base):
    """One picture of one paper (附件). The bytes lie encrypted in the store; this row says where and what they are.

    A paper that the answers no longer ask for keeps its pages; they come back with the answer.
    """

    __tablename__ = "paper_page"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30))  # a Paper.kind in forms.py
    position: Mapped[int] = mapped_column(default=0)
    address: Mapped[str] = mapped_column(String(64), index=True)  # keyed hash of the clean JPEG
    thumb_address: Mapped[str] = mapped_column(String(64), index=True)
    #: 一寸照片: the picture it was cropped from.
    source_address: Mapped[str | None] = mapped_column(String(64), index=True)
    crop: Mapped[list[float] | None] = mapped_column(JSON(none_as_null=True))  # left, top, width, height as fractions
    sha256: Mapped[str] = mapped_column(String(64))  # of the stored ciphertext
    size: Mapped[int]  # bytes of the clean JPEG
    width: Mapped[int]  # pixels
    height: Mapped[int]
    original_width: Mapped[int]
    original_height: Mapped[int]
    original_size: Mapped[int]  # bytes as sent
    sheet_id: Mapped[int | None] = mapped_column(ForeignKey("sheet.id"))  # 个人基本信息表: the version it was bound to
    uploaded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    declaration: Mapped[Declaration] = relationship(back_populates="pages")


class Sheet(Base):
    """One printed version of the 个人基本信息表. The version counts up when a printed answer or the photo differs."""

    __tablename__ = "sheet"
    __table_args__ = (UniqueConstraint("declaration_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"))
    version: Mapped[int]
    code: Mapped[str] = mapped_column(String(16), unique=True)  # check code: number, version, answers and photo, keyed
    answers_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    photo_address: Mapped[str] = mapped_column(String(64), index=True)
    printed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    answers = Sealed(as_json=True)  # the printed answers, as codes


class Revision(Base):
    """An immutable copy of answers and papers, made by submitting. Rows are only ever added."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("declaration_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"))
    number: Mapped[int]
    answers_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    papers: Mapped[dict[str, list[dict[str, Any]]]] = mapped_column(
        JSON
    )  # kind -> pages: address, thumb_address, width ...
    sheet_id: Mapped[int | None] = mapped_column(ForeignKey("sheet.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    commitment_version: Mapped[str] = mapped_column(String(10))  # 承诺函
    submitted_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    answers = Sealed(as_json=True)

    declaration: Mapped[Declaration] = relationship(back_populates="revisions")
    sheet: Mapped[Sheet | None] = relationship()
    department: Mapped[Department] = relationship()
    marks: Mapped[list[Mark]] = relationship(back_populates="revision", order_by="Mark.id")


class Claim(Base):
    """Who holds a submission, until when. A lapsed row counts for nothing, whoever reads it."""

    __tablename__ = "claim"

    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    claimed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)

    declaration: Mapped[Declaration] = relationship(back_populates="claim")
    staff: Mapped[Staff] = relationship()


class Mark(Base):
    """One thing that an officer asks to be corrected: a question or a paper. Unsent marks pass to the next holder."""

    __tablename__ = "mark"
    __table_args__ = (
        UniqueConstraint("revision_id", "target"),
        CheckConstraint("length(trim(reason)) > 0 OR state = 'draft'", name="says_why"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    target: Mapped[str] = mapped_column(String(40))  # a question's name or a paper's kind
    page: Mapped[int | None]  # of the paper, from 0
    rectangle: Mapped[list[float] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # left, top, width, height as fractions
    reason_code: Mapped[str | None] = mapped_column(ForeignKey("return_reason.code"))
    reason: Mapped[str] = mapped_column(String(200), default="")  # the wording at the time
    comment: Mapped[str] = mapped_column(String(200), default="")
    resign: Mapped[bool] = mapped_column(default=True)  # False: 无需重新签章
    state: Mapped[MarkState] = mapped_column(Code(MarkState), default=MarkState.DRAFT)
    explanation: Mapped[str] = mapped_column(String(300), default="")  # the applicant's answer instead of a change
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    revision: Mapped[Revision] = relationship(back_populates="marks")


class Decision(Base):
    """An officer's verdict on one revision. Rows are only ever added."""

    __tablename__ = "decision"
    __table_args__ = (UniqueConstraint("revision_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    position: Mapped[int] = mapped_column(default=1)
    verb: Mapped[str] = mapped_column(String(20))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    id_checked: Mapped[bool] = mapped_column(default=False)  # 已核对身份证件
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    revision: Mapped[Revision] = relationship()
    staff: Mapped[Staff] = relationship()
    department: Mapped[Department] = relationship()


class Record(Base):
    """人员档案: a person's approved state, a pointer to the approved revision."""

    __tablename__ = "record"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"), unique=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), index=True)
    approved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    account: Mapped[Account] = relationship()
    revision: Mapped[Revision] = relationship()
    department: Mapped[Department] = relationship()


class Event(Base):
    """One thing that happened: who, when, what, from which state to which. Rows are only ever added."""

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("account_id IS NOT NULL OR staff_id IS NOT NULL OR actor = 'system'", name="has_actor"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    verb: Mapped[str] = mapped_column(String(30))
    actor: Mapped[str] = mapped_column(String(10))  # applicant, staff, system
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)  # whose file
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)  # who of the office
    declaration_id: Mapped[int | None] = mapped_column(ForeignKey("declaration.id"), index=True)
    revision_number: Mapped[int | None]
    from_status: Mapped[Status | None] = mapped_column(Code(Status))
    to_status: Mapped[Status | None] = mapped_column(Code(Status))
    detail: Mapped[str] = mapped_column(String(200), default="")  # no names, numbers, phones

    staff: Mapped[Staff | None] = relationship()


# Rows of these are only ever added: the database refuses to change or remove them.
for _table in (Event.__table__, Decision.__table__, Revision.__table__):
    refuse_changes(_table)  # type: ignore[arg-type]
