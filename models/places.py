"""Places, departments, and the lists that the province edits."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lib.codes import DepartmentKind
from lib.database import Code, UTCDateTime
from models.base import Base


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
    """A reason that an officer picks for a mark or a 不予采集; ``advice`` is what the applicant reads.

    ``department_id``: an office's own reason; NULL: the whole province's. Retired, never deleted.
    """

    __tablename__ = "return_reason"

    code: Mapped[str] = mapped_column(String(30), primary_key=True)
    applies_to: Mapped[str] = mapped_column(String(10))  # question, paper, decline
    department_id: Mapped[int | None] = mapped_column(index=True)
    uses: Mapped[int] = mapped_column(default=0)  # the most used stand first
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
