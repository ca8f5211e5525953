"""The database handle and all tables, in sections.

Times are stored in UTC. Columns named ``*_sealed`` hold AES-GCM ciphertext bound to their row; the property without the
suffix reads and writes the plain value. Columns named ``*_index`` hold keyed hashes, by which sealed values are found.

Only relationships have their types in quotes: SQLAlchemy would evaluate the text of each at every start.
"""

from datetime import date, datetime
from typing import Any

from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    event,
    insert,
    inspect,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry, relationship

from lib.codes import (
    EDITABLE,
    AccountAct,
    AccountState,
    AgreedKind,
    AssistanceNeed,
    AssistanceOutcome,
    AssistanceState,
    Channel,
    ClosingReason,
    CodePurpose,
    DepartmentKind,
    IdType,
    Kind,
    MarkState,
    OutboxState,
    Role,
    Status,
)
from lib.crypto import row_mac
from lib.database import EnumCode, SearchText, UTCDateTime, utcnow
from lib.database.replica import Replica
from lib.database.schema import CONSTRAINT_NAMES, WIDE, make_append_only
from lib.keyring import Keyring
from lib.remote.senders import Site
from lib.sealed import Sealed, new_uid
from lib.storage import Store


def keys() -> Keyring:
    """The keys of this installation: for sealed columns, keyed hashes and check codes."""
    ring: Keyring = current_app.extensions["kuaiji.keys"]
    return ring


def store() -> Store:
    """The encrypted files of this installation."""
    kept: Store = current_app.extensions["kuaiji.store"]
    return kept


def site() -> Site:
    """What messages and numbers say of this installation, and how messages leave it."""
    found: Site = current_app.extensions["kuaiji.site"]
    return found


def replica() -> dict[str, Any]:
    """Where statistics and exports read: ``db.session.execute(query, bind_arguments=replica())``."""
    found: Replica = current_app.extensions["kuaiji.replica"]
    return found.where()


class Base(DeclarativeBase):
    registry = registry(metadata=MetaData(naming_convention=CONSTRAINT_NAMES), type_annotation_map={int: WIDE})
    keyring = staticmethod(keys)  # lib.sealed encrypts columns with it


db = SQLAlchemy(model_class=Base)


# --- Places, departments, and the lists that the province edits ---


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
    kind: Mapped[DepartmentKind] = mapped_column(EnumCode(DepartmentKind))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)
    path: Mapped[str] = mapped_column(String(60), index=True)
    own_system: Mapped[bool] = mapped_column(default=False)  # collects by itself (大连)
    phone: Mapped[str] = mapped_column(String(60), default="")  # several, separated by 、; empty: 暂未公布
    address: Mapped[str] = mapped_column(String(100), default="")
    hours: Mapped[str] = mapped_column(String(60), default="")
    verified_on: Mapped[date | None]
    active: Mapped[bool] = mapped_column(default=True)
    #: Where those go whose department collects by itself: the address (http) and what is said next to it.
    system_url: Mapped[str | None] = mapped_column(String(200))
    system_words: Mapped[str | None] = mapped_column(String(100))
    #: 撤并: from this day on it is closed, and from the other one open again. The successor takes over its work.
    closes_on: Mapped[date | None]
    reopens_on: Mapped[date | None]
    successor_id: Mapped[int | None] = mapped_column(index=True)
    moves_staff: Mapped[bool | None]  # its officers go along; else they are disabled

    parent: "Mapped[Department | None]" = relationship(remote_side=[id])
    covers: "Mapped[list[DepartmentDivision]]" = relationship(back_populates="department")


class DepartmentDivision(Base):
    """A department covers whole divisions: a county, or single streets for a functional zone."""

    __tablename__ = "department_division"

    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), primary_key=True)
    division_code: Mapped[str] = mapped_column(ForeignKey("division.code"), primary_key=True, index=True)

    department: "Mapped[Department]" = relationship(back_populates="covers")


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
    """A reason that an officer picks for a mark or a 不予采集; ``advice`` is what the applicant reads.

    ``department_id``: an office's own reason; NULL: the whole province's. Retired, never deleted.
    """

    __tablename__ = "return_reason"

    code: Mapped[str] = mapped_column(String(30), primary_key=True)
    applies_to: Mapped[str] = mapped_column(String(10))  # question, paper, decline
    department_id: Mapped[int | None] = mapped_column(index=True)
    uses: Mapped[int] = mapped_column(default=0)  # the most used come first
    title: Mapped[str] = mapped_column(String(60))
    advice: Mapped[str] = mapped_column(String(200))
    position: Mapped[int]
    retired: Mapped[bool] = mapped_column(default=False)


class CalendarDay(Base):
    """A day that differs from the week's pattern: ``holiday`` or ``workday`` (调休)."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(String(60))  # "statutory" if that year's notice is not published yet


class ReferenceVersion(Base):
    """One row: the version of lists, departments, calendar and texts. Processes keep these in memory."""

    __tablename__ = "reference_version"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mark: Mapped[str] = mapped_column(String(24))  # random; another one after each change
    due_mark: Mapped[str | None] = mapped_column(String(24))  # the version with which due dates were calculated


class Heartbeat(Base):
    """When something that has to happen again and again was last done, on whichever machine: the tick."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class Counter(Base):
    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    value: Mapped[int]


class Notice(Base):
    """通知公告. Public from ``published_at`` until ``ends_at``, unless withdrawn."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_shown", "pinned", "published_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text)  # plain text, an empty line between paragraphs
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)  # may be to come; None: a draft
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # after it was published
    pinned: Mapped[bool] = mapped_column(default=False)

    files: "Mapped[list[NoticeFile]]" = relationship(order_by="(NoticeFile.added_at, NoticeFile.id)")


class NoticeFile(Base):
    """An attachment of a notice, stored encrypted like pictures."""

    __tablename__ = "notice_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(4))  # by its content: pdf, docx, jpg ...
    address: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    added_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class TextDraft(Base):
    """The next 阅读须知 or 承诺函, as far as it is written."""

    __tablename__ = "text_draft"

    kind: Mapped[AgreedKind] = mapped_column(EnumCode(AgreedKind), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    promise: Mapped[str] = mapped_column(String(200), default="")
    edited_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class TextVersion(Base):
    """A published 阅读须知 or 承诺函, in force from ``starts_at`` until the next one starts. Append-only.

    The version before the first row is built in. Of two that start together the one published later is in force.
    """

    __tablename__ = "text_version"
    __table_args__ = (UniqueConstraint("kind", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[AgreedKind] = mapped_column(EnumCode(AgreedKind))
    version: Mapped[str] = mapped_column(String(10))
    body: Mapped[str] = mapped_column(Text)  # a line is a paragraph
    promise: Mapped[str] = mapped_column(String(200), default="")  # of the 承诺函: what is on the sheet
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    published_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


make_append_only(TextVersion)


class FieldHint(Base):
    """填写提示 of an office at a question or paper, in force until its next one starts; an empty text ends it."""

    __tablename__ = "field_hint"
    __table_args__ = (Index("ix_field_hint_starts_at", "starts_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(String(40))  # a question's name or a paper's kind
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))  # None: for everybody
    text: Mapped[str] = mapped_column(String(100))
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    published_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


make_append_only(FieldHint)


# --- People and their access: applicants, legacy holders, staff, sessions, attempts, messages ---


class Account(Base):
    """An applicant. A registration is kept for 30 minutes, for its browser; the password activates the account.

    Several people may register one number at the same time: the first who sets a password has the account. A frozen
    account keeps its number, and does not stand in the way of its owner's (docs/adr/026).
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("state = 'reserved' OR password_hash IS NOT NULL", name="active_has_password"),
        CheckConstraint("state <> 'reserved' OR reserved_until IS NOT NULL", name="reservation_ends"),
        Index(
            "uq_account_number",
            "id_index",
            unique=True,
            sqlite_where=text("state = 'active'"),
        ),
        Index(
            "ix_account_reservation_hash",
            "reservation_hash",
            sqlite_where=text("reservation_hash IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    state: Mapped[AccountState] = mapped_column(EnumCode(AccountState))
    id_type: Mapped[IdType] = mapped_column(EnumCode(IdType))
    id_number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    #: What was answered on 准备材料 before, until the first declaration begins: services.site.preparing.
    prepared: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: Of the number only: sign-in does not ask for the type.
    id_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    name: Mapped[str] = mapped_column(String(50))  # the sign-in name; a changed name replaces it with the approval
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    phone_verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # by a code
    phone_changed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    email_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    reserved_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reservation_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # of the token in the browser's cookie
    legacy_id: Mapped[int | None] = mapped_column(ForeignKey("legacy_holder.id"), unique=True)
    claim_factor: Mapped[str | None] = mapped_column(String(20))
    #: False: claimed with a weak proof; sees nothing of the old record.
    assured: Mapped[bool] = mapped_column(default=True)
    privacy_version: Mapped[str] = mapped_column(String(10), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    password_changed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime
    )  # by the person; nothing personal is left in the row

    id_number = Sealed()
    phone = Sealed()
    email = Sealed()

    legacy: "Mapped[LegacyHolder | None]" = relationship(foreign_keys=[legacy_id])


class LegacyHolder(Base):
    """原有会计从业资格证人员, imported from the old register. It has no password and is claimed once."""

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


class WithheldProof(Base):
    """A 档案号 or 证书编号 taken from an old record, because it proves nothing. No claim looks at it."""

    __tablename__ = "withheld_proof"
    __table_args__ = (
        CheckConstraint("reason IN ('broken', 'shared', 'refused')", name="known_reason"),
        UniqueConstraint("legacy_id", "field"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    legacy_id: Mapped[int] = mapped_column(ForeignKey("legacy_holder.id"))
    field: Mapped[str] = mapped_column(String(16))  # the column of legacy_holder that held it
    value: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(10))  # shared: with a record; refused: with a row that was left out
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class RegisterImport(Base):
    """An uploaded file of the old register: how its columns are read, how far it is, what it has brought."""

    __tablename__ = "register_import"
    __table_args__ = (
        CheckConstraint(
            "state IN ('reading', 'mapping', 'checking', 'checked', 'importing', 'imported', 'undone', 'failed')",
            name="known_state",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)
    name: Mapped[str] = mapped_column(String(100))  # of the file
    address: Mapped[str | None] = mapped_column(String(64))  # of the file in the store, until it is not needed any more
    state: Mapped[str] = mapped_column(String(10), default="reading", index=True)
    sheets: Mapped[list[str]] = mapped_column(JSON, default=list)  # of a workbook
    sheet: Mapped[str] = mapped_column(String(60), default="")
    titles: Mapped[list[str]] = mapped_column(JSON, default=list)
    header_key: Mapped[str] = mapped_column(String(32), default="", index=True)  # of the titles
    columns: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)  # field -> place
    lines: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)  # lines
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)  # of the last run: services.old_register.batches
    findings: Mapped[str | None] = mapped_column(String(64))  # address of their table in the store
    batch: Mapped[str | None] = mapped_column(String(24))
    problem: Mapped[str] = mapped_column(String(200), default="")
    worker: Mapped[str | None] = mapped_column(String(24))  # the process that works at it
    alive_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    tries: Mapped[int] = mapped_column(default=0)


class ActivationCode(Base):
    """An 8-digit code, issued at the counter after checking the ID card: for a legacy record or a lost password."""

    __tablename__ = "activation_code"
    __table_args__ = (CheckConstraint("(legacy_id IS NULL) <> (account_id IS NULL)", name="for_one_person"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    legacy_id: Mapped[int | None] = mapped_column(ForeignKey("legacy_holder.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))  # keyed, of person and code
    issued_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # NULL: by a command
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Staff(Base):
    """An officer or administrator. One account, one role."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(50))
    role: Mapped[Role] = mapped_column(EnumCode(Role))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    totp_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_last_step: Mapped[int] = mapped_column(default=0)  # a code is accepted once
    #: The officer's own ID number: excludes the own file from review. Sealed as well: a rotation needs it.
    id_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    id_number_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    active: Mapped[bool] = mapped_column(default=True)
    keys_on: Mapped[bool] = mapped_column(default=True)  # single-key commands on the review page
    queue_hidden: Mapped[str | None] = mapped_column(String(200))  # columns of 待办 not wanted, with commas between
    absent_until: Mapped[date | None]  # the last day away; until then nothing is kept for the officer
    email_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # for a copy of the messages
    email_verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # NULL: nothing is sent to it but a code
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    #: When somebody else was given the password to hand it over. It has to be changed before anything else. NULL: no.
    first_password_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Of an administrator's account that is to be used: who has asked, and when. A second one has to confirm it.
    proposed_by: Mapped[int | None]
    proposed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    totp_secret = Sealed()
    id_number = Sealed()
    email = Sealed()

    department: "Mapped[Department]" = relationship()


class RecoveryCode(Base):
    """A one-time code that replaces an officer's lost second factor."""

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


class KnownDevice(Base):
    """A browser in which a person has signed in: its cookie holds a random token, the rows the hash, one a person."""

    __tablename__ = "known_device"
    __table_args__ = (CheckConstraint("(account_id IS NULL) <> (staff_id IS NULL)", name="of_one_person"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)  # the last sign-in


class Attempt(Base):
    """A limited attempt. It is committed before the attempt is checked."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_lookup", "kind", "subject", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[bytes] = mapped_column(LargeBinary(32))  # keyed hash of a number, phone, address or user name
    source: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # of the address, where a person's are counted by it
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    failed: Mapped[bool] = mapped_column(default=True)  # cleared by success


class ParkedForm(Base):
    """A form that arrived after its session's end; restored only for the same person after sign-in."""

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
    """站内消息, of an applicant or one of the staff. Texts contain no ID number and no reasons."""

    __tablename__ = "inbox_message"
    __table_args__ = (CheckConstraint("(account_id IS NULL) <> (staff_id IS NULL)", name="of_one_person"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    title: Mapped[str] = mapped_column(String(60))
    body: Mapped[str] = mapped_column(String(300))
    link: Mapped[str] = mapped_column(String(100), default="")  # a path of this site
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    visible_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when a decision cannot be undone any more
    declaration_id: Mapped[int | None] = mapped_column(index=True)  # its subject, if a declaration
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class OutboxMessage(Base):
    """A message that leaves the site, written in the transaction that causes it; ``flask messages send`` carries it.

    ``uid`` is the same at each try. ``due_at``: when to try next. The text is forgotten once it is sent.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due", "state", "due_at"),
        Index("ix_outbox_state_channel", "state", "channel", "created_at"),
        Index("ix_outbox_channel", "channel", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    channel: Mapped[Channel] = mapped_column(EnumCode(Channel))
    text_name: Mapped[str] = mapped_column(String(30))  # of services.messages.texts
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    declaration_id: Mapped[int | None] = mapped_column(index=True)  # its subject, if a declaration
    recipient_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    words_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # subject and text
    state: Mapped[OutboxState] = mapped_column(EnumCode(OutboxState), default=OutboxState.WAITING)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    useless_from: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)  # a code's end
    tries: Mapped[int] = mapped_column(default=0)
    lease: Mapped[str | None] = mapped_column(String(24))  # of the process that is sending it
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    problem: Mapped[str] = mapped_column(String(100), default="")  # of the last try; no personal data

    recipient = Sealed()
    words = Sealed(as_json=True)


class MessageText(Base):
    """The wording of one kind of message where the province has its own."""

    __tablename__ = "message_text"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    title: Mapped[str] = mapped_column(String(60))
    body: Mapped[str] = mapped_column(String(300))
    sms: Mapped[str] = mapped_column(String(300))  # empty: none is sent
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class SentCode(Base):
    """A code that a person asked to be sent. Everybody's request becomes such a row, so that no row tells who is known.

    Of a claim or a lost password the request comes first: ``flask messages send`` looks for the person and makes the
    code, or leaves the row without one.
    """

    __tablename__ = "sent_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    purpose: Mapped[CodePurpose] = mapped_column(EnumCode(CodePurpose))
    subject_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)  # keyed, of purpose and ID number
    asked_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # typed name and number, until looked up
    target_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # the new phone or address that it verifies
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    waits: Mapped[bool] = mapped_column(default=False, index=True)  # to be looked up
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    asked = Sealed(as_json=True)
    target = Sealed()


# --- The declaration: the working copy with its answers and papers, the printed sheets, the frozen revisions ---


class Answers:
    """The applicant's answers: one column a question, named like its field. NULL: not asked or not answered.

    Codes are plain strings; months are ``YYYY-MM``.
    """

    # 个人信息
    applicant_name: Mapped[str | None] = mapped_column(String(50))
    id_expires_on: Mapped[date | None]
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
    """One filing of one person: the working copy. The office judges its revisions.

    ``version`` counts every change of the row: the second of two simultaneous writers fails.
    """

    __tablename__ = "declaration"
    __table_args__ = (
        Index("uq_declaration_one_open", "account_id", unique=True, sqlite_where=OPEN_SQL),
        Index("ix_declaration_drafts", "status", "touched_at", sqlite_where=text("status = 'draft'")),
        Index("ix_declaration_queue", "status", "due_on", "id"),
        Index("ix_declaration_employer", "employer_code", "employer_name"),
        Index("ix_declaration_qualification_no", "qualification_no"),
        CheckConstraint("status NOT IN ('submitted', 'in_review') OR due_on IS NOT NULL", name="office_has_due_date"),
        CheckConstraint("status IN ('draft', 'dropped') OR revision_number > 0", name="submitted_has_revision"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    number: Mapped[str] = mapped_column(String(16), unique=True)  # 申报编号: prefix + year + 7 digits
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[Kind] = mapped_column(EnumCode(Kind), default=Kind.FIRST)
    status: Mapped[Status] = mapped_column(EnumCode(Status), default=Status.DRAFT)
    version: Mapped[int] = mapped_column(default=1)
    revision_number: Mapped[int] = mapped_column(default=0)  # the latest revision
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)  # the responsible one
    due_on: Mapped[date | None]
    due_estimated: Mapped[bool] = mapped_column(default=False)  # depends on a year without a holiday notice
    #: ``due_on`` is the ``due_days``-th working day after ``due_from``: calculated again when the calendar changes.
    due_from: Mapped[date | None]
    due_days: Mapped[int | None]
    days_left: Mapped[int | None]  # working days left when the clock stopped, while the applicant has to act
    notice_read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # 阅读须知
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    touched_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)
    removal_told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # an untouched draft was announced
    #: Which pages are done: services.filing.progress. NULL: never worked out.
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: What a change is about: codes of forms.TOPICS. NULL: a first filing, or all pages are shown.
    change_topics: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))

    __mapper_args__ = {"version_id_col": version}

    account: "Mapped[Account]" = relationship()
    department: "Mapped[Department | None]" = relationship()
    revisions: "Mapped[list[Revision]]" = relationship(back_populates="declaration", order_by="Revision.number")
    pages: "Mapped[list[PaperPage]]" = relationship(
        back_populates="declaration", order_by="PaperPage.position, PaperPage.id"
    )
    claim: "Mapped[Claim | None]" = relationship(back_populates="declaration")
    transfers: "Mapped[list[Transfer]]" = relationship(
        back_populates="declaration", order_by="(Transfer.at, Transfer.id)"
    )
    second_looks: "Mapped[list[SecondLook]]" = relationship(
        back_populates="declaration", order_by="(SecondLook.at, SecondLook.id)"
    )

    @property
    def is_editable(self) -> bool:
        return self.status in EDITABLE


class Draft(Base):
    """The unsaved input of one page, exactly as the browser sent it."""

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
    """One picture of one paper (附件). The store holds the encrypted bytes; this row has their address and properties.

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
    sheet_id: Mapped[int | None] = mapped_column(ForeignKey("sheet.id"))  # 个人基本信息表: the version that it shows
    measures: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # lib.pictures.quality: sharpness, look ...
    #: 个人基本信息表: the result of reading: the code, the signature, the stamp.
    reading: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    uploaded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    declaration: "Mapped[Declaration]" = relationship(back_populates="pages")


class Sheet(Base):
    """One printed version of the 个人基本信息表. A changed answer or photo gets a new version."""

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
    commitment_version: Mapped[str | None] = mapped_column(String(10))  # of the promise on it; None: the first one

    answers = Sealed(as_json=True)  # the printed answers, as codes


class Revision(Base):
    """An immutable copy of answers and papers, created by submitting. Append-only."""

    __tablename__ = "revision"
    __table_args__ = (
        UniqueConstraint("declaration_id", "number"),
        Index("ix_revision_submitted", "submitted_at", "declaration_id", "number"),
    )

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
    notice_version: Mapped[str | None] = mapped_column(String(10))  # 阅读须知; None: the first one
    submitted_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    answers = Sealed(as_json=True)

    declaration: "Mapped[Declaration]" = relationship(back_populates="revisions")
    sheet: "Mapped[Sheet | None]" = relationship()
    department: "Mapped[Department]" = relationship()
    marks: "Mapped[list[Mark]]" = relationship(back_populates="revision", order_by="(Mark.created_at, Mark.id)")


# The database refuses to change or delete rows of these tables.
make_append_only(Revision)


# --- What the office does with a submission: claims, marks, decisions, records, and the audit trail ---


class Claim(Base):
    """The officer who holds a submission, and until when. A lapsed row counts as no claim."""

    __tablename__ = "claim"

    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    claimed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    opened_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime
    )  # first opened by the holder: the start for ReviewMeasure

    declaration: "Mapped[Declaration]" = relationship(back_populates="claim")
    staff: "Mapped[Staff]" = relationship()


class Mark(Base):
    """One thing that an officer asks to be corrected: a question or a paper. The next holder inherits unsent marks."""

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
    state: Mapped[MarkState] = mapped_column(EnumCode(MarkState), default=MarkState.DRAFT)
    explanation: Mapped[str] = mapped_column(String(300), default="")  # the applicant's answer instead of a change
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    revision: "Mapped[Revision]" = relationship(back_populates="marks")


class Decision(Base):
    """An officer's decision on one revision. Append-only: an undo is another row with the next position.

    ``verb``: return, approve, decline, and what takes them back: undo, revoke, reopen.
    """

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("revision_id", "position"),
        Index("ix_decision_staff_at", "staff_id", "at"),
        Index("ix_decision_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    position: Mapped[int] = mapped_column(default=1)
    verb: Mapped[str] = mapped_column(String(20))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    id_checked: Mapped[bool] = mapped_column(default=False)  # 已核对身份证件
    #: 不予采集, 撤销 and 重新受理 need a reason: its code, its wording at the time, the officer's comment.
    reason_code: Mapped[str | None] = mapped_column(String(30))
    reason: Mapped[str | None] = mapped_column(String(200))
    comment: Mapped[str | None] = mapped_column(String(200))
    #: What an approval replaced, for an undo: the sign-in name, and whether the person was assured.
    name_before: Mapped[str | None] = mapped_column(String(50))
    assured_before: Mapped[bool | None]
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    revision: "Mapped[Revision]" = relationship()
    staff: "Mapped[Staff]" = relationship()
    department: "Mapped[Department]" = relationship()


class Record(Base):
    """人员档案: a person's approved state, a pointer to the approved revision.

    What the list shows is copied here, so that a page of it reads no ciphertext; ``city_id``: models.QueueItem.
    """

    __tablename__ = "record"
    __table_args__ = (
        Index("ix_record_province", "approved_at", "id"),
        Index("ix_record_city", "city_id", "approved_at", "id"),
        Index("ix_record_office", "department_id", "approved_at", "id"),
        Index("ix_record_level_province", "qualification", "approved_at", "id"),
        Index("ix_record_level_city", "city_id", "qualification", "approved_at", "id"),
        Index("ix_record_level_office", "department_id", "qualification", "approved_at", "id"),
        Index("ix_record_employer", "employer_id", "approved_at", "id"),
        Index("ix_record_name_province", "name_key", "id"),
        Index("ix_record_name_office", "department_id", "name_key", "id"),
        Index("ix_record_employer_province", "employer_key", "id"),
        Index("ix_record_employer_office", "department_id", "employer_key", "id"),
        Index("ix_record_first_province", "first_approved_at", "id"),
        Index("ix_record_first_office", "department_id", "first_approved_at", "id"),
        Index("ix_record_by_office", "department_id", "id"),
        Index(
            *("ix_record_headcount", "department_id", "qualification", "education", "birth_year", "unit_type"),
            *("first_approved_at", "closed_at"),
        ),
        Index("ix_record_changed_province", "changed_at", "id"),
        Index("ix_record_changed_city", "city_id", "changed_at", "id"),
        Index("ix_record_changed_office", "department_id", "changed_at", "id"),
        Index("ix_record_closed", "approved_at", "id", sqlite_where=text("closed_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"), unique=True)
    declaration_id: Mapped[int | None] = mapped_column(index=True)  # of the revision
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    city_id: Mapped[int | None]
    name: Mapped[str] = mapped_column(String(50), default="")
    employer: Mapped[str] = mapped_column(String(100), default="")
    masked_number: Mapped[str] = mapped_column(String(40), default="")
    number: Mapped[str | None] = mapped_column(String(16))  # 申报编号 of the declaration
    qualification: Mapped[str | None] = mapped_column(String(20))
    #: For 人数统计: the higher education, and the type of the employer, "" where none is said. NULL: not written yet.
    education: Mapped[str | None] = mapped_column(String(20))
    birth_year: Mapped[int | None]
    unit_type: Mapped[str | None] = mapped_column(String(20))
    employer_id: Mapped[int | None]  # of models.Employer
    approved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    first_approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime, default=utcnow)  # 建档
    name_key: Mapped[str | None] = mapped_column(SearchText(80))  # what lists are sorted by: lib.names.sort_key
    employer_key: Mapped[str | None] = mapped_column(SearchText(80))
    #: 注销: since when and why. The record stays; the person cannot ask for a change.
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_reason: Mapped[ClosingReason | None] = mapped_column(EnumCode(ClosingReason))
    changed_at: Mapped[datetime | None] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)

    account: "Mapped[Account]" = relationship()
    revision: "Mapped[Revision]" = relationship()
    department: "Mapped[Department]" = relationship()


class Certificate(Base):
    """采集证明: a check code of one approved revision. Whether it still counts is looked up when it is checked."""

    __tablename__ = "certificate"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"), index=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class RecordRemoval(Base):
    """A record left a department: it went to another one, or its approval was revoked. For systems that keep a copy."""

    __tablename__ = "record_removal"
    __table_args__ = (
        Index("ix_record_removal_province", "at", "id"),
        Index("ix_record_removal_office", "department_id", "at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    record_uid: Mapped[str] = mapped_column(String(24))
    department_id: Mapped[int]  # that it left
    to_department_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


@event.listens_for(Record, "after_update")
@event.listens_for(Record, "after_delete")
def _note_removal(_mapper: Any, connection: Any, row: Record) -> None:
    state = inspect(row)
    left = state.attrs.department_id.history.deleted
    if state.session and (row in state.session.deleted or (left and left[0] is not None)):
        gone, to = (left[0], row.department_id) if left else (row.department_id, None)
        values = {"record_uid": row.uid, "department_id": gone, "to_department_id": to}
        connection.execute(insert(RecordRemoval).values(values))


class RecordEntry(Base):
    """What the office added to a person's record: 注销 and 恢复, 诚信 notes and their ends. Append-only.

    ``ends_id``: the note that this entry ends. By account: a record that is revoked and approved again is another row.
    """

    __tablename__ = "record_entry"
    __table_args__ = (
        Index("ix_record_entry_account", "account_id", "at"),
        UniqueConstraint("ends_id"),
        CheckConstraint("verb IN ('close', 'reopen', 'note', 'end_note')", name="known_verb"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    verb: Mapped[str] = mapped_column(String(10))
    code: Mapped[str | None] = mapped_column(String(20))  # the closing reason, or the kind of the note
    text: Mapped[str] = mapped_column(String(300), default="")
    ends_id: Mapped[int | None] = mapped_column(ForeignKey("record_entry.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    staff: "Mapped[Staff]" = relationship()
    department: "Mapped[Department]" = relationship()


class RecordTransfer(Base):
    """调转: a record goes to another department once the other side agreed, leaves the platform, or came from outside.

    A side without a department is outside, and ``place`` names it. ``answering_id``: whose managers have to agree.
    By account: a record that is revoked and approved again is another row.
    """

    __tablename__ = "record_transfer"
    __table_args__ = (
        CheckConstraint("(answered_at IS NULL) = (accepted IS NULL)", name="answered_or_not"),
        CheckConstraint("from_department_id IS NOT NULL OR to_department_id IS NOT NULL", name="one_side_here"),
        CheckConstraint(
            "(place = '') = (from_department_id IS NOT NULL AND to_department_id IS NOT NULL)", name="outside_has_place"
        ),
        Index("uq_record_transfer_waiting", "account_id", unique=True, sqlite_where=text("answered_at IS NULL")),
        Index("ix_record_transfer_open", "at", sqlite_where=text("answered_at IS NULL")),
        Index("ix_record_transfer_account", "account_id", "at"),
        Index("ix_record_transfer_from", "from_department_id", "at"),
        Index("ix_record_transfer_to", "to_department_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    from_department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    to_department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    answering_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    place: Mapped[str] = mapped_column(String(60), default="")
    moved_on: Mapped[date | None]  # of a transfer to or from outside
    reason: Mapped[str] = mapped_column(String(200))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))  # who asked for it
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    accepted: Mapped[bool | None]
    answer: Mapped[str] = mapped_column(String(200), default="")
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    from_department: "Mapped[Department | None]" = relationship(foreign_keys=[from_department_id])
    to_department: "Mapped[Department | None]" = relationship(foreign_keys=[to_department_id])

    @property
    def origin(self) -> str:
        return self.from_department.name if self.from_department else self.place

    @property
    def destination(self) -> str:
        return self.to_department.name if self.to_department else self.place


class RecordViewWarning(Base):
    """An officer opened many records in an hour, was asked why, and answered or left."""

    __tablename__ = "record_view_warning"
    __table_args__ = (
        Index("ix_record_view_warning_staff", "staff_id", "at"),
        Index("ix_record_view_warning_department", "department_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    reason: Mapped[str] = mapped_column(String(100), default="")
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    staff: "Mapped[Staff]" = relationship()
    department: "Mapped[Department]" = relationship()


class Event(Base):
    """One event of the audit trail: who, when, what, from which state to which. Append-only.

    ``mac``: a salt and a keyed hash of the columns ``HASHED``, made with the row. NULL: nobody who knows
    the key wrote it. The indexes are those of the ranges that services.administration.audit_search reads.
    """

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("account_id IS NOT NULL OR staff_id IS NOT NULL OR actor = 'system'", name="has_actor"),
        Index("ix_event_at", "at", "id"),
        Index("ix_event_verb", "verb", "at", "id"),
        Index("ix_event_account", "account_id", "at", "id"),
        Index("ix_event_staff", "staff_id", "at", "id"),
        Index("ix_event_department", "department_id", "at", "id"),
    )
    #: The chain covers the number (docs/adr/028).
    HASHED = (
        *("at", "verb", "actor", "account_id", "staff_id", "department_id", "declaration_id", "revision_number"),
        *("from_status", "to_status", "detail"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    verb: Mapped[str] = mapped_column(String(30))
    actor: Mapped[str] = mapped_column(String(10))  # applicant, staff, system
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # whose file
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # the officer
    department_id: Mapped[int | None]  # the officer's at that time
    declaration_id: Mapped[int | None] = mapped_column(ForeignKey("declaration.id"), index=True)
    revision_number: Mapped[int | None]
    from_status: Mapped[Status | None] = mapped_column(EnumCode(Status))
    to_status: Mapped[Status | None] = mapped_column(EnumCode(Status))
    detail: Mapped[str] = mapped_column(String(200), default="")  # no names, numbers, phones
    mac: Mapped[bytes | None] = mapped_column(LargeBinary(32))

    staff: "Mapped[Staff | None]" = relationship()


@event.listens_for(Event, "before_insert")
def _authenticate(_mapper: Any, _connection: Any, row: Event) -> None:
    row.at = row.at or utcnow()
    row.mac = row_mac(keys(), [getattr(row, name) for name in Event.HASHED])


class EventSeal(Base):
    """A link of the chain over the audit trail, one for each event: ``digest`` covers the link before it. Append-only.

    ``flask tick`` adds them (services.administration.audit_seals). On PostgreSQL events can be sealed in another order
    than that of their numbers: the chain's own order counts.
    """

    __tablename__ = "event_seal"

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 1, without a gap
    event_id: Mapped[int] = mapped_column(unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


# --- 核验申请: occupied numbers, records without a proof, lost passwords ---------------------------


class AssistanceRequest(Base):
    """核验申请: somebody shows by a picture of the ID document who has a number. Officers decide.

    ``account_id``: the account that had the number when it was decided. The receipt is the way back to it.
    """

    __tablename__ = "assistance_request"
    __table_args__ = (
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided_or_waiting"),
        CheckConstraint("(decided_at IS NULL) = (outcome IS NULL)", name="decided_has_outcome"),
        CheckConstraint("state NOT IN ('granted', 'used') OR valid_until IS NOT NULL", name="grant_ends"),
        Index("ix_assistance_request_office", "department_id", "state", "due_on", "id"),
        Index("ix_assistance_request_province", "state", "due_on", "id"),
        Index("ix_assistance_request_decided", "department_id", "decided_at", "id"),
        Index("ix_assistance_request_decided_at", "decided_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    receipt_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    need: Mapped[AssistanceNeed] = mapped_column(EnumCode(AssistanceNeed))
    state: Mapped[AssistanceState] = mapped_column(EnumCode(AssistanceState), default=AssistanceState.WAITING)
    id_type: Mapped[IdType] = mapped_column(EnumCode(IdType))
    id_number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    id_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    name: Mapped[str] = mapped_column(String(50))
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    story_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    privacy_version: Mapped[str] = mapped_column(String(10))
    #: The picture of the document. NULL: shown at the counter, or removed some time after the decision.
    address: Mapped[str | None] = mapped_column(String(64), index=True)
    thumb_address: Mapped[str | None] = mapped_column(String(64), index=True)
    width: Mapped[int] = mapped_column(default=0)  # pixels
    height: Mapped[int] = mapped_column(default=0)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # at the counter; NULL: by the person
    submitted_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    due_on: Mapped[date]
    due_days: Mapped[int]  # working days that it was promised in
    due_estimated: Mapped[bool] = mapped_column(default=False)
    outcome: Mapped[AssistanceOutcome | None] = mapped_column(EnumCode(AssistanceOutcome))
    answer: Mapped[str] = mapped_column(String(200), default="")  # of the office to the person
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    valid_until: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the password can be set until then

    id_number = Sealed()
    phone = Sealed()
    story = Sealed()

    department: "Mapped[Department]" = relationship()
    account: "Mapped[Account | None]" = relationship()
    officer: "Mapped[Staff | None]" = relationship(foreign_keys=[decided_by])


class AccountChange(Base):
    """What an officer did to an account: corrected the number, froze or unfroze it. Append-only.

    ``number_before`` keeps what a correction replaced. For a correction by the person ``staff`` asked for it.
    """

    __tablename__ = "account_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    act: Mapped[AccountAct] = mapped_column(EnumCode(AccountAct))
    reason: Mapped[str] = mapped_column(String(200))
    evidence: Mapped[str] = mapped_column(String(200), default="")
    id_type_before: Mapped[IdType | None] = mapped_column(EnumCode(IdType))
    number_before_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    number_before = Sealed()

    staff: "Mapped[Staff]" = relationship()


# The database refuses to change or delete rows of these tables.
make_append_only(Event, EventSeal, Decision, AccountChange, RecordEntry)


# --- derived: the list, its counters, search ------------------------------------------------------


class QueueItem(Base):
    """One row of 待办: a submission that is not withdrawn, from its latest revision.

    Nothing here is sealed, and the list joins nothing wide: a page costs the same at any number of people. ``city_id``:
    the city's department at or above the handling one; NULL for the province's own.
    """

    __tablename__ = "queue_item"
    __table_args__ = (
        Index("ix_queue_item_province", "status", "due_on", "declaration_id"),
        Index("ix_queue_item_city", "city_id", "status", "due_on", "declaration_id"),
        Index("ix_queue_item_office", "department_id", "status", "due_on", "declaration_id"),
        Index("ix_queue_item_sent_province", "status", "submitted_at", "declaration_id"),
        Index("ix_queue_item_sent_city", "city_id", "status", "submitted_at", "declaration_id"),
        Index("ix_queue_item_sent_office", "department_id", "status", "submitted_at", "declaration_id"),
        Index("ix_queue_item_checked", "status", "checked_at"),
    )

    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), primary_key=True, autoincrement=False)
    uid: Mapped[str] = mapped_column(String(24))
    number: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int] = mapped_column(index=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    city_id: Mapped[int | None]
    status: Mapped[Status] = mapped_column(EnumCode(Status))
    kind: Mapped[Kind] = mapped_column(EnumCode(Kind))
    due_on: Mapped[date]
    due_estimated: Mapped[bool] = mapped_column(default=False)
    times: Mapped[int]  # number of submissions
    name: Mapped[str] = mapped_column(String(50))
    employer: Mapped[str] = mapped_column(String(100), default="")
    employer_id: Mapped[int | None] = mapped_column(index=True)
    #: The level, "" where none is said; NULL: written before there was this column (``flask init`` fills it).
    qualification: Mapped[str | None] = mapped_column(String(20))
    masked_number: Mapped[str] = mapped_column(String(40))
    submitted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reminders: Mapped[int] = mapped_column(default=0)  # automatic checks that ask for attention
    checked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when they were counted again; NULL: soon
    returned_by: Mapped[int | None] = mapped_column(index=True)  # the officer of the last return


class QueueCount(Base):
    """How many submissions a department and those below it have, updated with every status change.

    ``due_on`` is kept while the office's clock runs; else it is 1970-01-01.
    """

    __tablename__ = "queue_count"

    department_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[Status] = mapped_column(EnumCode(Status), primary_key=True)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    again: Mapped[bool] = mapped_column(primary_key=True)  # submitted more than once
    flagged: Mapped[bool] = mapped_column(primary_key=True)  # has reminders
    n: Mapped[int]


class SearchKey(Base):
    """The search keys of a file: ``n`` + each suffix of the name, ``p`` + its initials, ``t`` + hashed phone tail.

    A prefix range over suffixes is "contains" on a B-tree: Chinese names are too short for trigrams.
    """

    __tablename__ = "search_key"
    __table_args__ = {"sqlite_with_rowid": False}

    department_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(SearchText(52), primary_key=True)
    declaration_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)


class Employer(Base):
    """The names of employers (工作单位) of submissions, each once."""

    __tablename__ = "employer"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)


class EmployerSuffix(Base):
    """Each suffix of an employer's name, for "contains"."""

    __tablename__ = "employer_suffix"
    __table_args__ = {"sqlite_with_rowid": False}

    suffix: Mapped[str] = mapped_column(SearchText(100), primary_key=True)
    employer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class PictureHash(Base):
    """The fingerprint of a submitted picture, to find the same picture of other people: four bands of a 64-bit hash."""

    __tablename__ = "picture_hash"
    __table_args__ = (
        UniqueConstraint("account_id", "kind", "look"),
        *(Index(f"ix_picture_hash_band{n}", f"band{n}") for n in range(4)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    look: Mapped[int] = mapped_column(BigInteger)  # 64 bits, signed
    band0: Mapped[int]
    band1: Mapped[int]
    band2: Mapped[int]
    band3: Mapped[int]


# --- work in hand ---------------------------------------------------------------------------------


class Tick(Base):
    """没问题: an officer checked this answer or paper. Valid until it changes; never required."""

    __tablename__ = "tick"
    __table_args__ = (UniqueConstraint("declaration_id", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"))
    target: Mapped[str] = mapped_column(String(40))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))  # keyed, of what was ticked
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class InternalNote(Base):
    """内部备注 of officers about a file, hidden from the applicant. Append-only."""

    __tablename__ = "internal_note"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    text = Sealed()

    staff: "Mapped[Staff]" = relationship()


#: A declaration has at most one unanswered transfer and one unanswered second review.
_WAITS = text("answered_at IS NULL")


class Transfer(Base):
    """转交: a submission offered to another department. Until the answer it stays 审核中; the due date stays."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("(answered_at IS NULL) = (accepted IS NULL)", name="answered_or_not"),
        Index("uq_transfer_waiting", "declaration_id", unique=True, sqlite_where=_WAITS),
        Index("ix_transfer_to", "to_department_id", "answered_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), index=True)
    from_department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), index=True)
    to_department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    reason: Mapped[str] = mapped_column(String(200))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    accepted: Mapped[bool | None]
    answer: Mapped[str] = mapped_column(String(200), default="")
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    declaration: "Mapped[Declaration]" = relationship(back_populates="transfers")
    from_department: "Mapped[Department]" = relationship(foreign_keys=[from_department_id])
    to_department: "Mapped[Department]" = relationship(foreign_keys=[to_department_id])
    staff: "Mapped[Staff]" = relationship(foreign_keys=[staff_id])


class SecondLook(Base):
    """复核: a decision of one officer that takes effect only when a second one agrees."""

    __tablename__ = "second_look"
    __table_args__ = (
        CheckConstraint("(answered_at IS NULL) = (agreed IS NULL)", name="answered_or_not"),
        Index("uq_second_look_waiting", "declaration_id", unique=True, sqlite_where=_WAITS),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    verb: Mapped[str] = mapped_column(String(20))  # approve
    id_checked: Mapped[bool] = mapped_column(default=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))  # who proposed it
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    agreed: Mapped[bool | None]
    comment: Mapped[str] = mapped_column(String(200), default="")
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    declaration: "Mapped[Declaration]" = relationship(back_populates="second_looks")
    revision: "Mapped[Revision]" = relationship()
    staff: "Mapped[Staff]" = relationship(foreign_keys=[staff_id])


class ReviewMeasure(Base):
    """How long one decision took from opening, and with how many keys and clicks. Never used to rank officers."""

    __tablename__ = "review_measure"
    __table_args__ = (Index("ix_review_measure_staff_at", "staff_id", "at"),)

    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), index=True)
    seconds: Mapped[int]
    keys: Mapped[int | None]  # NULL: without a script
    clicks: Mapped[int | None]
    # Where the seconds went, as the page's script saw it. NULL: without a script, and before this was measured.
    look_seconds: Mapped[int | None]  # until the first key or click
    pictures_seconds: Mapped[int | None]
    marks_seconds: Mapped[int | None]
    confirmation_seconds: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class SavedView(Base):
    """A named set of filters of 待办. The query contains no personal data."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("staff_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    name: Mapped[str] = mapped_column(String(20))
    query: Mapped[str] = mapped_column(String(300))


class RosterColumns(Base):
    """A named choice of an officer's of the columns of a 名册."""

    __tablename__ = "roster_columns"
    __table_args__ = (UniqueConstraint("staff_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    name: Mapped[str] = mapped_column(String(20))
    columns: Mapped[list[str]] = mapped_column(JSON)


class RosterExport(Base):
    """The people in an exported 名册, so that they can be informed. The event says who exported it, when and why.

    Rows are only ever added. ``members``: services.audit packs it, one bit an account.
    """

    __tablename__ = "roster_export"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True, autoincrement=False)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), index=True)  # it and those below
    members: Mapped[bytes] = mapped_column(LargeBinary)


make_append_only(InternalNote, RosterExport)


# --- Uploads in progress, phone uploads, print jobs ---


class PhoneUpload(Base):
    """One paper that a phone may upload: a QR code holds an address with a random token, this row the token's hash.

    Good for one picture, a few minutes, and no longer than the session that asked for it.
    """

    __tablename__ = "hand_over"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("web_session.id", ondelete="CASCADE"), index=True)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30))  # a Paper.kind
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the phone's first request
    device_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # of that phone's page cookie
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    session: "Mapped[WebSession]" = relationship()
    declaration: "Mapped[Declaration]" = relationship()


class PrintCode(Base):
    """A short address at which a print shop opens one printed version as a PDF, for some hours and some times.

    The code itself is not stored: its owner's page derives it from ``uid``.
    """

    __tablename__ = "print_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), index=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    opened: Mapped[int] = mapped_column(default=0)  # how often the PDF was opened

    declaration: "Mapped[Declaration]" = relationship()
    sheet: "Mapped[Sheet]" = relationship()


class Upload(Base):
    """An upload in progress (tus). The row is deleted when the file is accepted or abandoned."""

    __tablename__ = "upload"
    __table_args__ = (CheckConstraint("arrived >= 0 AND arrived <= length", name="arrived_is_part"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), index=True)
    phone_upload_id: Mapped[int | None] = mapped_column(
        "hand_over_id", ForeignKey("hand_over.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(30))  # a Paper.kind
    length: Mapped[int]  # bytes, as announced
    arrived: Mapped[int] = mapped_column(default=0)  # bytes; the tus offset
    facts_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # after it was accepted or refused
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    touched_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)

    facts = Sealed(as_json=True)  # from the browser: the file's name, the crop ...

    declaration: "Mapped[Declaration]" = relationship()


class UploadPart(Base):
    """Bytes of an upload from ``start`` on, encrypted."""

    __tablename__ = "upload_part"

    upload_id: Mapped[int] = mapped_column(ForeignKey("upload.id", ondelete="CASCADE"), primary_key=True)
    start: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class PrintJob(Base):
    """A print job (批量打印) or an export: who requested it, its progress, the address of the finished file.

    An officer's export is a 名册, an applicant's is what is kept about them.
    """

    __tablename__ = "print_job"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'drawing', 'done', 'failed')", name="known_state"),
        CheckConstraint("done <= total", name="done_is_part"),
        CheckConstraint("(account_id IS NULL) <> (staff_id IS NULL)", name="of_one_person"),
        Index("ix_print_job_staff", "staff_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    revisions: Mapped[list[int]] = mapped_column(JSON)  # their ids, in the order of the pages
    export: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # what to list: services.reports.exports
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    address: Mapped[str | None] = mapped_column(String(64), index=True)  # of the finished file in the store
    parts: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))  # of an export: addresses, in order
    size: Mapped[int | None] = mapped_column()  # bytes
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)
    alive_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # heartbeat of the drawer, every few sheets
    drawer: Mapped[str | None] = mapped_column(String(24))  # the drawing process; one that was replaced must notice
    tries: Mapped[int] = mapped_column(default=0)  # number of processes that tried; a job that kills them is given up
    problem: Mapped[str | None] = mapped_column(String(20))  # why it failed: services.sheet.batch_print


class BackupRun(Base):
    """A back-up that was made (``create``), or checked (``verify``), or could not be."""

    __tablename__ = "backup_run"
    __table_args__ = (Index("ix_backup_run_kind", "kind", "ok", "ended_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    ok: Mapped[bool]
    name: Mapped[str] = mapped_column(String(30))  # of the back-up; empty when none was made
    begun_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    files: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(BigInteger, default=0)  # bytes
    with_keys: Mapped[bool] = mapped_column(default=False)
    problem: Mapped[str | None] = mapped_column(String(200))


# --- other systems: tokens of the read-only API, and who was read with them ---------------------------------------


class ApiToken(Base):
    """With it another system reads the people of a department and those below. Two administrators make it (adr/043).

    ``window_at``, ``used``: the minute of the last request, and how many there were in it.
    """

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    name: Mapped[str] = mapped_column(String(40))  # of the system; people read it
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    networks: Mapped[list[str]] = mapped_column(JSON)  # none: from everywhere
    per_minute: Mapped[int]
    made_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # NULL: nobody may use it yet
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    window_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    used: Mapped[int] = mapped_column(default=0)

    department: "Mapped[Department]" = relationship()
    maker: "Mapped[Staff]" = relationship(foreign_keys=[made_by])


class ApiAccess(Base):
    """Another system read a person's data: one row for each person, token and day."""

    __tablename__ = "api_access"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True, index=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)  # the last time
    times: Mapped[int] = mapped_column(default=1)
