"""【打印个人基本信息表】: a complete declaration becomes a printed version."""

from __future__ import annotations

from lib.codes import AgreedKind
from lib.database import utcnow
from models import Sheet, db
from services.filing.case import DeclarationCase
from services.sheet import versions as sheet_versions
from services.site import agreed_texts


class NotPrintable(Exception):
    """A printed answer or the photo is missing; the message says so."""


def check(case: DeclarationCase) -> str:
    """The address of the photo that is printed with the answers. Raises NotPrintable."""
    if case.photo is None or case.gaps:
        raise NotPrintable("请先把各页必填的内容和一寸照片补齐，再打印个人基本信息表")
    return case.photo.address


def print_sheet(case: DeclarationCase) -> Sheet:
    """Keep a row for what is printed now; the same content and promise keep their version. Raises NotPrintable."""
    photo, promise = check(case), agreed_texts.current(AgreedKind.COMMITMENT).version
    declaration, content, before = case.declaration, case.printed_answers, case.printed
    if before and not sheet_versions.differences(before, content, photo) and _promise_of(before) == promise:
        before.printed_at = utcnow()
        return before
    version = before.version + 1 if before else 1
    sheet = Sheet(declaration_id=declaration.id, version=version, photo_address=photo, commitment_version=promise)
    sheet.code = sheet_versions.check_code(declaration.number, version, content, photo)
    sheet.answers = content
    db.session.add(sheet)
    return sheet


def _promise_of(sheet: Sheet) -> str:
    return sheet.commitment_version or agreed_texts.FIRST[AgreedKind.COMMITMENT].version
