"""Printed versions of the 个人基本信息表: when the version counts up, the check code, when a signed one is outdated.

Rules: the version counts up when a printed answer (its code, not its title) or the photo differs from the last printed
one. The check code is a keyed hash over 申报编号, version, printed answers and the photo; the papers are not in it.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import select

from forms import PAPER, PHOTO, SHEET, STEPS
from lib.database import utcnow
from lib.questions.conditions import FormContext
from models import Declaration, Sheet, db, keys
from services.declaration import answers
from services.papers import papers
from services.papers.sheet_positions import ALPHABET, CODE_LENGTH

#: Follows from the name; says whether the list of papers on the sheet has a proof of the change.
DERIVED = "name_differs"


class NotPrintable(Exception):
    """A printed answer or the photo is missing; the message says so."""


def printed_answers(declaration: Declaration) -> dict[str, Any]:
    """What stands on the sheet: all answers and the document, as frozen values."""
    frozen = answers.freeze(declaration)
    return {name: frozen.get(name) for name in (*answers.IDENTITY, DERIVED, *answers.question_names())}


def last(declaration: Declaration) -> Sheet | None:
    query = select(Sheet).where(Sheet.declaration_id == declaration.id).order_by(Sheet.version.desc()).limit(1)
    return db.session.scalar(query)


def print_sheet(declaration: Declaration) -> Sheet:
    """Keep a row for what is printed now; the same content keeps its version. Raises NotPrintable."""
    photo = papers.photo_address(declaration)
    if photo is None or answers.gaps(declaration):
        raise NotPrintable("请先把各页必填的内容和一寸照片补齐，再打印个人基本信息表")
    content, before = printed_answers(declaration), last(declaration)
    if before and not _differences(before, content, photo):
        before.printed_at = utcnow()
        return before
    version = before.version + 1 if before else 1
    sheet = Sheet(declaration_id=declaration.id, version=version, photo_address=photo)
    sheet.code = check_code(declaration.number, version, content, photo)
    sheet.answers = content
    db.session.add(sheet)
    return sheet


def check_code(number: str, version: int, content: dict[str, Any], photo: str) -> str:
    """16 characters of 5 bits: nobody without the key makes one that fits."""
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = keys().mac("sheet", number.encode(), str(version).encode(), canonical.encode(), photo.encode())
    bits = int.from_bytes(digest[:10], "big")
    return "".join(ALPHABET[(bits >> (5 * place)) & 31] for place in range(CODE_LENGTH))


def _differences(sheet: Sheet, content: dict[str, Any], photo: str | None) -> set[str]:
    """The questions (and ``photo``) in which a printed sheet differs from the working copy."""
    printed: dict[str, Any] = sheet.answers
    names = (content.keys() | printed.keys()) - {DERIVED}
    differing = {name for name in names if content.get(name) != printed.get(name)}
    return differing | ({PHOTO} if sheet.photo_address != photo else set())


def is_current(sheet: Sheet, declaration: Declaration, excused: frozenset[str] = frozenset()) -> bool:
    """Does the sheet say what the working copy says? ``excused``: targets of marks that need no new signature."""
    return not changed_since(sheet, declaration) - excused


def changed_since(sheet: Sheet, declaration: Declaration) -> set[str]:
    """What the working copy says differently (names of questions, ``photo``)."""
    return _differences(sheet, printed_answers(declaration), papers.photo_address(declaration))


def signed(declaration: Declaration) -> Sheet | None:
    """The version that the uploaded pictures of the signed sheet are bound to; the oldest, if they differ."""
    bound = [page.sheet_id for page in papers.pages_of(declaration, SHEET) if page.sheet_id]
    return db.session.get(Sheet, min(bound)) if bound else None


def signed_is_outdated(declaration: Declaration, excused: frozenset[str] = frozenset()) -> bool:
    """Is a signed sheet there that no longer says what the working copy says?"""
    sheet = signed(declaration)
    return sheet is not None and not is_current(sheet, declaration, excused)


def in_words(names: Collection[str], most: int = 6) -> str:
    """What printed answers are called, in the order of the pages: 通讯地址、一寸照片等 8 处."""
    known = [title for name, title in _titles().items() if name in names]
    return "、".join(known[:most]) + (f"等 {len(known)} 处" if len(known) > most else "")


@cache
def _titles() -> dict[str, str]:
    forms = (step.form(None, context=FormContext()) for step in STEPS)
    questions = {question.name: question.short for form in forms for question in form.questions}
    return {**answers.IDENTITY, **questions, PHOTO: PAPER[PHOTO].title}
