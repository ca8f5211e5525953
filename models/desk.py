"""What the officers' desk keeps beside the declarations: the list and its counters, search keys, and work in hand.

QueueItem, QueueCount and SearchKey are derived (services.desk writes them with every move) and can be rebuilt.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lib.codes import Kind, Status
from lib.database import Code, SearchText, UTCDateTime, refuse_changes, utcnow
from models.base import Base, Sealed, new_uid
from models.declarations import Declaration, Revision
from models.people import Staff
from models.places import Department

# --- derived: the list, its counters, search ------------------------------------------------------


class QueueItem(Base):
    """One line of 待办: what the list shows of a submission that was not taken back, from its latest revision.

    Nothing here is sealed, and the list joins nothing wide: a page costs the same at any number of people. ``city_id``:
    the city's department at or above the handling one; NULL for the province's own.
    """

    __tablename__ = "queue_item"
    __table_args__ = (
        Index("ix_queue_item_province", "status", "due_on", "declaration_id"),
        Index("ix_queue_item_city", "city_id", "status", "due_on", "declaration_id"),
        Index("ix_queue_item_office", "department_id", "status", "due_on", "declaration_id"),
    )

    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), primary_key=True, autoincrement=False)
    uid: Mapped[str] = mapped_column(String(24))
    number: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int] = mapped_column(index=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    city_id: Mapped[int | None]
    status: Mapped[Status] = mapped_column(Code(Status))
    kind: Mapped[Kind] = mapped_column(Code(Kind))
    due_on: Mapped[date]
    due_estimated: Mapped[bool] = mapped_column(default=False)
    times: Mapped[int]  # how often it was submitted
    name: Mapped[str] = mapped_column(String(50))
    employer: Mapped[str] = mapped_column(String(100), default="")
    employer_id: Mapped[int | None] = mapped_column(index=True)
    masked_number: Mapped[str] = mapped_column(String(40))
    submitted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reminders: Mapped[int] = mapped_column(default=0)  # automatic checks that ask for a second look
    returned_by: Mapped[int | None] = mapped_column(index=True)  # the officer of the last return


class QueueCount(Base):
    """How many submissions a department and those below it have, changed with every move.

    ``due_on`` is kept while the office's clock runs; else it is 1970-01-01.
    """

    __tablename__ = "queue_count"

    department_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[Status] = mapped_column(Code(Status), primary_key=True)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    again: Mapped[bool] = mapped_column(primary_key=True)  # submitted more than once
    flagged: Mapped[bool] = mapped_column(primary_key=True)  # has reminders
    n: Mapped[int]


class SearchKey(Base):
    """By which a submission is found: ``n`` + each suffix of the name, ``p`` + its initials, ``t`` + hashed phone tail.

    A prefix range over suffixes is "contains" on a B-tree: Chinese names are too short for trigrams.
    """

    __tablename__ = "search_key"
    __table_args__ = {"sqlite_with_rowid": False}

    department_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(SearchText(52), primary_key=True)
    declaration_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)


class Employer(Base):
    """The names of employers (工作单位) that submissions carry, each once."""

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
    """What a submitted picture looks like, to find look-alikes of other people: four bands of a 64-bit hash."""

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
    """没问题: an officer looked at this answer or paper. Stays until that answer changes; never required."""

    __tablename__ = "tick"
    __table_args__ = (UniqueConstraint("declaration_id", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"))
    target: Mapped[str] = mapped_column(String(40))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))  # keyed, of what was ticked
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class InternalNote(Base):
    """内部备注: what officers tell each other about a file. Not for the applicant. Rows are only ever added."""

    __tablename__ = "internal_note"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    text = Sealed()

    staff: Mapped[Staff] = relationship()


#: At most one transfer and one second look of a declaration wait for an answer.
_WAITS = text("answered_at IS NULL")


class Transfer(Base):
    """转交: a submission offered to another department. It stays 审核中 until that one answers; the due date stays."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("(answered_at IS NULL) = (accepted IS NULL)", name="answered_or_not"),
        Index("uq_transfer_waiting", "declaration_id", unique=True, sqlite_where=_WAITS, postgresql_where=_WAITS),
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

    declaration: Mapped[Declaration] = relationship()
    from_department: Mapped[Department] = relationship(foreign_keys=[from_department_id])
    to_department: Mapped[Department] = relationship(foreign_keys=[to_department_id])
    staff: Mapped[Staff] = relationship(foreign_keys=[staff_id])


class SecondLook(Base):
    """复核: a decision of one officer that takes effect only when a second one agrees."""

    __tablename__ = "second_look"
    __table_args__ = (
        CheckConstraint("(answered_at IS NULL) = (agreed IS NULL)", name="answered_or_not"),
        Index("uq_second_look_waiting", "declaration_id", unique=True, sqlite_where=_WAITS, postgresql_where=_WAITS),
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

    declaration: Mapped[Declaration] = relationship()
    revision: Mapped[Revision] = relationship()
    staff: Mapped[Staff] = relationship(foreign_keys=[staff_id])


class ReviewMeasure(Base):
    """How long one decision took from opening, and with how many keys and clicks. Never used to rank anybody."""

    __tablename__ = "review_measure"
    __table_args__ = (Index("ix_review_measure_staff_at", "staff_id", "at"),)

    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), index=True)
    seconds: Mapped[int]
    keys: Mapped[int | None]  # NULL: no script counted
    clicks: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class SavedView(Base):
    """A named set of filters of 待办. The query holds nothing personal: names are never in it."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("staff_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    name: Mapped[str] = mapped_column(String(20))
    query: Mapped[str] = mapped_column(String(300))


class RosterExport(Base):
    """Who was in an exported 名册, so that each of them can be told. The event says who exported it, when and why.

    Rows are only ever added. ``members``: services.exports packs it, one bit an account.
    """

    __tablename__ = "roster_export"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True, autoincrement=False)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), index=True)  # it and those below
    members: Mapped[bytes] = mapped_column(LargeBinary)


for _table in (InternalNote.__table__, RosterExport.__table__):
    refuse_changes(_table)  # type: ignore[arg-type]
