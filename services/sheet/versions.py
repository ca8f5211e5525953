"""Printed versions of the 个人基本信息表: when the version counts up, the check code, what differs from one.

Rules: the version counts up when a printed answer (its code, not its title) or the photo differs from the last printed
one. The check code is a keyed hash over 申报编号, version, printed answers and the photo; the papers are not in it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, select

from forms import PHOTO
from lib.database import parameter
from models import Declaration, Sheet, db, keys
from services.declaration import answers, labels
from services.papers.sheet_positions import ALPHABET, CODE_LENGTH

#: Follows from the name: whether the list of papers on the sheet has a proof of the change.
DERIVED = "name_differs"


def printed_answers(frozen: Mapping[str, Any]) -> dict[str, Any]:
    """What is on the sheet: answers and the document, as frozen values."""
    printed = [name for name in answers.question_names() if name not in answers.not_printed()]
    return {name: frozen.get(name) for name in (*labels.IDENTITY, DERIVED, *printed)}


_OF_DECLARATION = Sheet.declaration_id == parameter("declaration")
_LAST_AND_THESE = select(Sheet).where(
    _OF_DECLARATION,
    (Sheet.version == select(func.max(Sheet.version)).where(_OF_DECLARATION).scalar_subquery())
    | Sheet.id.in_(bindparam("ids", expanding=True)),
)


def known(declaration: Declaration, ids: Collection[int]) -> Sequence[Sheet]:
    """The version printed last, and those of these ids."""
    return db.session.scalars(_LAST_AND_THESE, {"declaration": declaration.id, "ids": list(ids)}).all()


def check_code(number: str, version: int, content: dict[str, Any], photo: str) -> str:
    """16 characters of 5 bits: without the key none can be made that fits."""
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = keys().mac("sheet", number.encode(), str(version).encode(), canonical.encode(), photo.encode())
    bits = int.from_bytes(digest[:10], "big")
    return "".join(ALPHABET[(bits >> (5 * place)) & 31] for place in range(CODE_LENGTH))


def differences(sheet: Sheet, content: Mapping[str, Any], photo: str | None) -> set[str]:
    """The questions (and ``photo``) in which a printed sheet differs from the working copy."""
    printed: dict[str, Any] = sheet.answers
    names = (content.keys() | printed.keys()) - {DERIVED}
    differing = {name for name in names if content.get(name) != printed.get(name)}
    return differing | ({PHOTO} if sheet.photo_address != photo else set())


def in_words(names: Collection[str], most: int = 6) -> str:
    """What printed answers are called, in the order of the pages: 通讯地址、一寸照片等 8 处."""
    known = [label.short for name, label in labels.table().items() if name in names]
    return "、".join(known[:most]) + (f"等 {len(known)} 处" if len(known) > most else "")
