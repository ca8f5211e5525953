"""A large register: rows are set aside in parts and added in the order of an index; what comes of it is the same."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from app import create_app
from config import TestConfig
from models import LegacyHolder, WithheldProof, db
from services.old_register import batches, set_aside, shared_proofs
from services.old_register.batches import Finding, ImportResult
from services.old_register.reading import open_source
from tests.support.people import id_number

ROOT = Path(__file__).resolve().parents[3]
HEADER = "姓名,证件号码,证书编号,档案号,发证日期,发证机关,手机号码,单位"


def row(serial: int, *, name: str = "孙立国", archive_no: str = "", phone: str = "13800130001") -> str:
    return f"{name},{id_number(serial)},{210102080001 + serial},{archive_no},2008-06-12,样例县财政局,{phone},样例县粮库"


#: Of each kind some: read, refused, with a removed value, there twice, sharing a proof.
ROWS = [
    *(row(serial, archive_no=f"LN{20080001 + serial}") for serial in range(11, 51)),
    *(f"孙立国,{serial},,,,,," for serial in range(5)),
    *(row(serial, phone="1380013") for serial in range(51, 60)),
    *(row(serial) for serial in range(20, 25)),
    *(row(serial, name="某某某") for serial in range(25, 30)),
    *(row(serial, archive_no="LN20080777") for serial in range(60, 70)),
]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request, app):
    assert db.engine.dialect.name.startswith(request.param)


@pytest.fixture
def in_parts(monkeypatch):
    """Every file is a large one."""
    monkeypatch.setattr(set_aside, "ROWS_OF_PART", 8)
    monkeypatch.setattr(batches, "CHUNK", 7)
    monkeypatch.setattr(shared_proofs, "IN_MEMORY", 5)


def holders() -> dict[bytes, tuple[object, ...]]:
    rows = db.session.scalars(select(LegacyHolder))
    return {
        one.id_index: (one.name, one.id_number, one.phone, one.certificate_no, one.archive_no, one.issued_month)
        for one in rows
    }


def by_line(findings: list[Finding]) -> list[tuple[int, str, str]]:
    return sorted((one.line, one.kind, one.text) for one in findings)


def counts(result: ImportResult) -> dict[str, object]:
    return {name: value for name, value in vars(result).items() if name != "batch"}


def emptied(batch: str) -> None:
    batches.undo(batch)
    db.session.commit()
    assert (holders(), db.session.scalars(select(WithheldProof)).all()) == ({}, [])


@pytest.mark.usefixtures("engine")
def test_the_same_rows_come_in_and_the_same_is_said(bring_in, request):
    whole, said = bring_in(HEADER, *ROWS)
    there = holders()
    assert len(there) == whole.imported == 59
    emptied(whole.batch)
    request.getfixturevalue("in_parts")

    tried, then = bring_in(HEADER, *ROWS, dry_run=True)
    done, now = bring_in(HEADER, *ROWS)

    assert counts(tried) == counts(done) == counts(whole)
    assert by_line(then) == by_line(now) == by_line(said)
    assert holders() == there
    emptied(done.batch)


@pytest.mark.usefixtures("engine", "in_parts")
def test_what_is_here_already_is_told_by_line_and_the_rest_is_added(bring_in):
    first, _findings = bring_in(HEADER, *ROWS[:30])

    again, findings = bring_in(HEADER, *ROWS[:40])

    assert (again.imported, again.conflicts, again.differing) == (10, 30, 0)
    text = f"该证件号码已导入过(批次 {first.batch})"
    assert findings == [Finding(line, "conflict", text) for line in range(2, 32)]
    assert len(holders()) == 40


@pytest.mark.usefixtures("in_parts")
def test_half_of_the_progress_is_reading_and_none_is_lost(app, tmp_path):
    path = tmp_path / "register.csv"
    path.write_text("\n".join((HEADER, *ROWS)), "utf-8")
    steps: list[int] = []

    batches.import_source(open_source(lambda: path.open("rb")), date(2026, 11, 23), progress=steps.append)

    assert sum(steps) == len(ROWS) + 1
    assert min(steps) > 0


@pytest.mark.usefixtures("in_parts")
def test_neighbours_in_the_index_of_numbers_are_neighbours_in_that_of_names_too(bring_in):
    bring_in(HEADER, *ROWS)

    rows = db.session.execute(select(LegacyHolder.uid, LegacyHolder.id_index).order_by(LegacyHolder.id_index)).all()
    heads = [uid[:4] for uid, _index in rows]
    assert 4 < len(set(heads)) < 12
    assert sum(one != other for one, other in pairwise(heads)) == len(set(heads)) - 1
    assert len({uid for uid, _index in rows}) == len(rows)


def test_work_at_the_register_needs_neither_views_nor_alembic(tmp_path):
    app = create_app(TestConfig(tmp_path))
    with app.app_context():
        db.create_all()
        db.session.remove()
        db.engine.dispose()
    file = tmp_path / "register.csv"
    file.write_text("\n".join((HEADER, *ROWS)), "utf-8")
    program = (
        "import runpy, sys; sys.argv[1:] = ['import', sys.argv[1]]\n"
        "try: runpy.run_module('legacy', run_name='__main__')\n"
        "except SystemExit as end: print(end.code, [name for name in ('alembic', 'blueprints') if name in sys.modules])"
    )
    places = {"KUAIJI_DATA": str(tmp_path), "KUAIJI_UPLOADS": str(tmp_path / "uploads"), "KUAIJI_DEMO": "no"}

    done = subprocess.run(
        [sys.executable, "-c", program, file],
        cwd=ROOT,
        env=os.environ | places | {"KUAIJI_SECRET_KEY": "test"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-3].startswith("共 74 行：已导入 59 人")
    assert done.stdout.splitlines()[-1] == "0 []"
