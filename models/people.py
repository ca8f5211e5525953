"""People and their access: applicants, legacy holders, staff, sessions, tries, messages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lib.codes import AccountState, IdType, Role
from lib.database import Code, UTCDateTime, utcnow
from models.base import Base, Sealed, new_uid
from models.places import Department


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
    #: Not before: a decision's message waits until it can no longer be undone. NULL: at once.
    visible_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    declaration_id: Mapped[int | None] = mapped_column(index=True)  # what it is about, if a declaration
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
