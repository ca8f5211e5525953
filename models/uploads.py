"""Files on their way in, the hand-over of one paper to a phone, and sheets printed together for the office."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lib.database import UTCDateTime, utcnow
from models.base import Base, Sealed, new_uid
from models.declarations import Declaration
from models.people import WebSession


class HandOver(Base):
    """One paper handed to a phone by a QR code: the address on it holds a random token, this row its hash.

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
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # a phone began to send
    device_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # of that phone's page cookie
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    session: Mapped[WebSession] = relationship()
    declaration: Mapped[Declaration] = relationship()


class Upload(Base):
    """One file on its way in, piece by piece (tus). The row goes when the file was taken, or nobody goes on with it."""

    __tablename__ = "upload"
    __table_args__ = (CheckConstraint("arrived >= 0 AND arrived <= length", name="arrived_is_part"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("declaration.id"), index=True)
    hand_over_id: Mapped[int | None] = mapped_column(ForeignKey("hand_over.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(30))  # a Paper.kind
    length: Mapped[int]  # bytes, as announced
    arrived: Mapped[int] = mapped_column(default=0)  # bytes; the tus offset
    facts_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # once it was taken or refused
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    touched_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)

    facts = Sealed(as_json=True)  # what the browser says of it: the file's name, the crop ...

    declaration: Mapped[Declaration] = relationship()


class UploadPart(Base):
    """Bytes of an upload from ``start`` on, encrypted."""

    __tablename__ = "upload_part"

    upload_id: Mapped[int] = mapped_column(ForeignKey("upload.id", ondelete="CASCADE"), primary_key=True)
    start: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class PrintJob(Base):
    """The sheets of a selection as one PDF (批量打印): who asked, how far it is, and where the finished file lies."""

    __tablename__ = "print_job"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'drawing', 'done', 'failed')", name="known_state"),
        CheckConstraint("done <= total", name="done_is_part"),
        Index("ix_print_job_staff", "staff_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(24), unique=True, default=new_uid)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    revisions: Mapped[list[int]] = mapped_column(JSON)  # their ids, in the order of the pages
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    address: Mapped[str | None] = mapped_column(String(64), index=True)  # of the finished file in the store
    size: Mapped[int | None]  # bytes
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)
    alive_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # whoever draws says so every few sheets
    drawer: Mapped[str | None] = mapped_column(String(24))  # who draws: a process that was taken over must notice
    tries: Mapped[int] = mapped_column(default=0)  # by how many processes: one that dies of it is no reason to go on
    problem: Mapped[str | None] = mapped_column(String(20))  # why it failed: services.print_jobs
