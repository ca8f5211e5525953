"""What the office does with a submission: claims, marks, decisions, records, and the audit trail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lib.codes import MarkState, Status
from lib.database import Code, UTCDateTime, refuse_changes, utcnow
from models.base import Base, new_uid
from models.declarations import Declaration, Revision
from models.people import Account, Staff
from models.places import Department


class Claim(Base):
    """Who holds a submission, until when. A lapsed row counts for nothing, whoever reads it."""

    __tablename__ = "claim"

    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    claimed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    opened_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime
    )  # the holder's first look: the clock of ReviewMeasure

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
    """An officer's verdict on one revision. Rows are only ever added: an undo is a row of its own, the next position.

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
    #: 不予采集, 撤销 and 重新受理 say why: the reason's code, its wording at the time, the officer's own words.
    reason_code: Mapped[str | None] = mapped_column(String(30))
    reason: Mapped[str | None] = mapped_column(String(200))
    comment: Mapped[str | None] = mapped_column(String(200))
    #: What an approval replaced, so that it can be taken back: the sign-in name, and whether the person was assured.
    name_before: Mapped[str | None] = mapped_column(String(50))
    assured_before: Mapped[bool | None]
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    revision: Mapped[Revision] = relationship()
    staff: Mapped[Staff] = relationship()
    department: Mapped[Department] = relationship()


class Record(Base):
    """人员档案: a person's approved state, a pointer to the approved revision.

    What the list shows is copied here, so that a page of it reads no ciphertext; ``city_id``: models.desk.QueueItem.
    """

    __tablename__ = "record"
    __table_args__ = (
        Index("ix_record_province", "approved_at", "id"),
        Index("ix_record_city", "city_id", "approved_at", "id"),
        Index("ix_record_office", "department_id", "approved_at", "id"),
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
for _table in (Event.__table__, Decision.__table__):
    refuse_changes(_table)  # type: ignore[arg-type]
