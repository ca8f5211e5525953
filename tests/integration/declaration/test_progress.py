"""What of a declaration is done is kept on its row, and is what one would find by looking again."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
import time_machine
from sqlalchemy import update
from sqlalchemy.orm.exc import StaleDataError

from forms import PAPER, PHOTO, STEPS
from lib.codes import Status
from models import Declaration, Option, PaperPage, db
from services.filing import adding, printing, progress, reading, saving
from services.filing.case import DeclarationCase
from services.papers import pages
from tests.support.applicant.filing import filled, pages_of, upload
from tests.support.factory import picture, prepared
from tests.support.people import COMPLETE, EMPLOYED, QUALIFIED

VALUES: dict[str, list[Any]] = {
    "holds_legacy_certificate": ["yes", "no"],
    "legacy_certificate_no": ["LN20080001", None],
    "postal_address": ["样例路 77 号", None, "短"],
    "applicant_name": ["单小燕", "单晓燕"],
    "has_employer": ["yes", "no"],
    "person_status": ["student", "unemployed", None],
    "full_time_level": ["junior", "bachelor"],
    "birth_date": [date(1990, 3, 7), date(2020, 1, 1)],
    "work_started": ["2012-07", "2030-01"],
    "qualification": ["none", "junior"],
    "abacus": ["none", "level_1"],
}


def _answers(declaration: Declaration, make, chance: Random) -> None:
    name = chance.choice(list(VALUES))
    setattr(declaration, name, chance.choice(VALUES[name]))


def _picture(declaration: Declaration, make, chance: Random) -> None:
    kind = chance.choice([PHOTO, "id_portrait", "id_emblem", "employer_licence", "household_register"])
    there = [page for page in declaration.pages if page.kind == kind]
    if there:
        pages.remove_page(there[0])
        return
    names = [column.key for column in PaperPage.__table__.c if column.key not in ("id", "uid", "declaration_id")]
    copied = PaperPage(**{name: getattr(declaration.pages[0], name) for name in names} | {"kind": kind})
    declaration.pages.append(copied)


def _print(declaration: Declaration, make, chance: Random) -> None:
    with suppress(printing.NotPrintable):
        printing.print_sheet(DeclarationCase(declaration))


def _notice(declaration: Declaration, make, chance: Random) -> None:
    declaration.notice_read_at = None if declaration.notice_read_at else declaration.created_at


def _status(declaration: Declaration, make, chance: Random) -> None:
    declaration.revision_number, declaration.due_on = 1, date(2026, 12, 1)
    declaration.status = chance.choice([Status.DRAFT, Status.SUBMITTED])


def _name(declaration: Declaration, make, chance: Random) -> None:
    declaration.account.name = chance.choice(["单小燕", "单晓燕"])


def _option(declaration: Declaration, make, chance: Random) -> None:
    option = db.session.get_one(Option, ("education_level", chance.choice(["junior", "bachelor"])))
    option.retired = not option.retired


def _save(declaration: Declaration, make, chance: Random) -> None:
    """As a page does it."""
    db.session.commit()
    step, row = chance.choice(STEPS), reading.latest_declaration(make.actor(declaration.account))
    assert row is not None
    case = DeclarationCase(row)
    form = step.form(None, context=case.context)
    if form.checks():
        saving.write(saving.saved(case, step, form), step)


def _upload(declaration: Declaration, make, chance: Random) -> None:
    """As a form with a picture does it."""
    db.session.commit()
    row = reading.latest_declaration(make.actor(declaration.account))
    assert row is not None
    found = prepared(make.app.extensions["kuaiji.store"], picture(400, 300, chance.randrange(3)))
    kind = chance.choice(["id_portrait", "id_emblem", "employer_licence", "household_register"])
    with suppress(pages.PageNotAdded):
        adding.add(DeclarationCase(row), PAPER[kind], [found])


CHANGES = (_answers, _answers, _picture, _print, _notice, _status, _name, _option, _save, _save, _save, _upload)


def _is_as_found(declaration: Declaration, actor) -> bool:
    """What is known is what both ways of reading find anew. Was it on the row?"""
    db.session.expire_all()
    row = reading.latest_declaration(actor)
    assert row is not None
    found = DeclarationCase(declaration).progress_found
    on_the_row = progress._still_counts(declaration.progress)
    assert DeclarationCase(row).progress_found == found
    assert DeclarationCase(row).progress == found
    assert progress.known(declaration) == found
    assert on_the_row in (None, found)
    return on_the_row is not None


@pytest.mark.parametrize("seed", range(3))
def test_kept_progress_is_what_one_would_find_whatever_has_happened(make, seed):
    chance = Random(seed)
    declaration = make.declaration(**(EMPLOYED | QUALIFIED if seed == 1 else COMPLETE))
    make.papers(declaration)
    actor, counted = make.actor(declaration.account), 0
    for _step in range(40):
        chance.choice(CHANGES)(declaration, make, chance)
        db.session.commit()
        counted += _is_as_found(declaration, actor)
    assert counted >= 5, "a valid save keeps it"


def test_saving_a_page_keeps_the_progress_with_the_answers(make, browser):
    declaration = make.declaration()
    make.papers(declaration)
    browser.sign_in(declaration.account).open("/apply/check")
    browser.send("/apply/education", filled(declaration, "education", has_part_time="no"))
    db.session.refresh(declaration)
    assert progress._still_counts(declaration.progress)


def test_an_upload_keeps_the_progress_too(make, browser):
    declaration = make.declaration()
    make.papers(declaration)
    browser.sign_in(declaration.account).open("/apply/check")
    browser.send("/apply/education", filled(declaration, "education"))
    upload(browser, picture(400, 300), kind="household_register")
    db.session.refresh(declaration)
    assert progress._still_counts(declaration.progress)


def test_an_upload_goes_on_from_what_another_window_has_saved(make, browser, monkeypatch):
    declaration = make.declaration()
    row = reading.latest_declaration(make.actor(declaration.account))
    assert row is not None
    found = prepared(make.app.extensions["kuaiji.store"], picture(400, 300))
    db.session.execute(update(Declaration).values(version=Declaration.version + 1))
    with pytest.raises(StaleDataError):
        adding.add(DeclarationCase(row), PAPER["id_portrait"], [found])
    db.session.rollback()

    tries, add = [], adding.add

    def second_time(*given: Any) -> None:
        tries.append(given)
        if len(tries) == 1:
            raise StaleDataError
        add(*given)

    monkeypatch.setattr(adding, "add", second_time)
    browser.sign_in(declaration.account).open("/apply/papers")
    upload(browser, picture(400, 300), kind="id_portrait")
    assert len(tries) == 2
    assert len(pages_of(db.session.get_one(Declaration, declaration.id), "id_portrait")) == 1


def test_of_an_unfinished_declaration_it_counts_for_a_day(make):
    declaration = make.declaration(work_started="2099-01")
    declaration.progress = DeclarationCase(declaration).progress_found.to_keep()
    assert progress._still_counts(declaration.progress)
    with time_machine.travel(timedelta(days=1) + declaration.created_at):
        assert progress._still_counts(declaration.progress) is None


def test_with_other_rules_it_does_not_count(make, monkeypatch):
    declaration = make.declaration()
    declaration.progress = DeclarationCase(declaration).progress_found.to_keep()
    monkeypatch.setattr(progress, "_rules", lambda: "other")
    assert progress._still_counts(declaration.progress) is None


def test_rows_for_reading_say_what_the_objects_say(make):
    declaration = make.declaration(**(EMPLOYED | QUALIFIED))
    make.papers(declaration)
    db.session.commit()
    row = reading.open_declaration(make.actor(declaration.account))
    assert row is not None
    names = [column.key for column in Declaration.__table__.c] + ["mobile", "email", "is_editable", "number"]
    assert {name: getattr(row, name) for name in names} == {name: getattr(declaration, name) for name in names}
    assert (row.account.id_number, row.account.name) == (declaration.account.id_number, declaration.account.name)
    assert [(page.kind, page.measures) for page in row.pages] == [(p.kind, p.measures) for p in declaration.pages]
    signed, same = DeclarationCase(row).signed, DeclarationCase(declaration).signed
    assert signed
    assert same
    assert (signed.id, signed.answers) == (same.id, same.answers)
    with pytest.raises(AttributeError, match="reading only"):
        row.mobile = "13800130002"
