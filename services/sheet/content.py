"""Turns answers into the printed 个人基本信息表: sections become cells, so a new question needs no layout."""

from __future__ import annotations

from typing import Any

from forms import PAPERS, PHOTO, STEPS
from lib.clock import local
from lib.codes import YesNo
from lib.storage import FileDamaged, FileMissing, Store
from models import Declaration, Sheet
from services.declaration import answers, labels
from services.declaration.answers import AnswerRow, AnswerSection
from services.departments.snapshot import AgreedText
from services.papers import papers
from services.sheet.data import Block, Cell, SheetData, Table
from services.sheet.pdf import draw, draw_blank
from services.site import agreed_texts

__all__ = ["SheetPhotoLost", "blank_sheet", "draw", "sheet_data"]

#: The two educations are rows of one table: question suffix -> header.
EDUCATION = {
    "level": "学历",
    "degree": "学位",
    "school": "毕业院校",
    "major": "所学专业",
    "graduated": "毕业时间",
    "diploma_no": "学历证书编号",
    "degree_no": "学位证书编号",
}
EDUCATION_WIDTHS = (14.0, 18.0, 12.0, 30.0, 26.0, 16.0, 30.0, 28.0)
EDUCATION_ROWS = {"full_time": "全日制", "part_time": "非全日制"}
NOT_ASKED = "—"


class SheetPhotoLost(Exception):
    """The photo of a printed sheet is missing or damaged. The message names it as ``flask storage check`` does."""

    def __init__(self, declaration: Declaration, printed: Sheet) -> None:
        super().__init__(f"{declaration.number} 第 {printed.version} 版信息表的照片（{printed.photo_address}）")
        self.declaration_id, self.number = declaration.id, declaration.number
        self.version, self.address = printed.version, printed.photo_address


def sheet_data(declaration: Declaration, printed: Sheet, store: Store, *, base_url: str, site: str) -> SheetData:
    """The content of one printed version. Drawing it (``draw``) needs no database. Raises SheetPhotoLost."""
    facts: dict[str, Any] = printed.answers
    context = answers.asked_for(facts)
    wanted = [paper.title for paper in papers.wanted(facts) if paper.required and paper.kind not in ("sheet", PHOTO)]
    return SheetData(
        number=declaration.number,
        version=printed.version,
        code=printed.code,
        qr=f"{base_url}/verify/{printed.code}",
        site=site,
        printed_at=f"{local(printed.printed_at):%Y-%m-%d %H:%M}",
        blocks=blocks(answers.sections(facts, context)),
        papers=tuple(wanted),
        has_employer=facts.get("has_employer") == YesNo.YES,
        photo=_photo(declaration, printed, store),
        promise=agreed_texts.printed_promise(printed.commitment_version),
    )


def _photo(declaration: Declaration, printed: Sheet, store: Store) -> bytes:
    try:
        return store.get(printed.photo_address)
    except (FileMissing, FileDamaged) as error:
        raise SheetPhotoLost(declaration, printed) from error


def blocks(sections: list[AnswerSection]) -> tuple[Block, ...]:
    return tuple(_block(section) for section in sections)


def _block(section: AnswerSection) -> Block:
    rows = tuple(row for row in section.rows if row.name not in answers.not_printed())
    tables: tuple[Table, ...] = ()
    if any(row.name.startswith(tuple(EDUCATION_ROWS)) for row in rows):
        tables = (_education(rows),)
        rows = tuple(row for row in rows if not row.name.startswith(tuple(EDUCATION_ROWS)))
    cells = tuple(Cell(row.short, row.text, 6 if row.span == 2 else 2) for row in rows)
    return Block(section.step.title, section.step.short, cells, tables)


def _education(rows: tuple[AnswerRow, ...]) -> Table:
    """A row for each education that was asked; a question that does not apply shows a dash."""
    texts = {row.name: row.text for row in rows}
    known = {f"{prefix}_{suffix}" for prefix in EDUCATION_ROWS for suffix in EDUCATION}
    if unknown := [name for name in texts if name.startswith(tuple(EDUCATION_ROWS)) and name not in known]:
        raise LookupError(f"questions without a column in the table of educations: {unknown}")
    lines = [
        (word, *(texts.get(f"{prefix}_{suffix}") or NOT_ASKED for suffix in EDUCATION))
        for prefix, word in EDUCATION_ROWS.items()
        if f"{prefix}_level" in texts
    ]
    return Table(("类别", *EDUCATION.values()), tuple(lines), EDUCATION_WIDTHS)


def blank_sheet(text: AgreedText, site: str) -> bytes:
    """The unfilled sheet with every question and this promise, marked 样表."""
    sections = []
    for step in STEPS:
        rows = []
        for question in labels.unfilled(step).questions:
            rows += [answers.answer_row(question, "")]
            rows += answers.document_rows("", "") if question.name == step.document_after else []
        sections.append(AnswerSection(step, tuple(rows)))
    return draw_blank(
        blocks(sections), tuple(paper.title for paper in PAPERS if paper.required), site, agreed_texts.as_printed(text)
    )
