"""The declaration: the working copy with its answers and papers, the printed sheets, the frozen revisions."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lib.codes import EDITABLE, Kind, Status
from lib.database import Code, UTCDateTime, refuse_changes, utcnow
from models.base import Base, Sealed, new_uid
from models.people import Account
from models.places import Department

if TYPE_CHECKING:
    from models.office import Claim, Mark


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
        Index("ix_declaration_employer", "employer_code", "employer_name"),
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
    measures: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # lib.measures: sharpness, look ...
    #: 个人基本信息表: what was found on the picture: the code, ink where one signs, red where one stamps.
    reading: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
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
    submitted_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    answers = Sealed(as_json=True)

    declaration: Mapped[Declaration] = relationship(back_populates="revisions")
    sheet: Mapped[Sheet | None] = relationship()
    department: Mapped[Department] = relationship()
    marks: Mapped[list[Mark]] = relationship(back_populates="revision", order_by="Mark.id")


# Rows of these are only ever added: the database refuses to change or remove them.
refuse_changes(Revision.__table__)  # type: ignore[arg-type]
