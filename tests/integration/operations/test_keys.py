"""Keys are rotated under a running site by processes that are killed; a key file that is lost or foreign is told."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import create_app
from config import BadSetting, TestConfig
from lib.clock import today
from lib.codes import AccountAct, AssistanceNeed, Channel, CodePurpose, IdType, Status
from lib.database import begin_mode, transaction_mode, utcnow
from lib.keyring import KeyFile, Keyring
from models import (
    Account,
    AccountChange,
    AssistanceRequest,
    Declaration,
    Draft,
    InternalNote,
    LegacyHolder,
    OutboxMessage,
    ParkedForm,
    SearchKey,
    SentCode,
    Staff,
    Upload,
    UploadPart,
    db,
    keys,
    store,
)
from services.accounts import applicants, blind_index, staff
from services.administration import audit_seals
from services.operations import doctor, key_rotation
from services.papers import papers
from services.papers.resumable_uploads import place_of_part
from services.queue import search
from services.queue.rows import OfficerView
from tests.support.factory import Make
from tests.support.people import id_number
from tests.support.site.command_line import runner
from tests.support.site.rotations import Rotations

pytestmark = pytest.mark.slow
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
#: Prepared; switched and begun; further; among the files.
KILLED = ["replace 1", "commit 2", "commit 14", "replace 3"]


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("postgres_copy")) if request.param == "postgres" else ""


@pytest.fixture
def app(folder: Path, url: str) -> Iterator[Flask]:
    """An application of its own: keys of others must stay as they are."""
    app = create_app(TestConfig(folder, DATABASE_URL=url))
    token = begin_mode.set("DEFERRED")
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    begin_mode.reset(token)


def touched_at() -> list[Any]:
    """A rotation is no change: reminders and removals hang on the last one."""
    return list(db.session.execute(select(Declaration.touched_at, Declaration.version).order_by(Declaration.id)))


def fill(make: Make) -> tuple[Account, Staff]:
    """A row of every table with sealed columns; an officer who is an applicant, and one whose number is a hash only."""
    applicant = make.account("单小燕")
    reviewer = make.staff()
    make.declaration(Status.APPROVED, applicant, reviewer)
    open_one = make.declaration(account=make.account("孙立国"))
    holder, number = make.legacy(), id_number(801)
    officer = make.staff(name="赵审核", id_index=applicants.number_index(applicant.id_number))
    sealed = make.staff(name="钱审核")
    staff.set_number(sealed.username, id_number(803))
    assisted = AssistanceRequest(
        receipt_hash=b"r" * 32, need=AssistanceNeed.OCCUPIED, id_type=IdType.RESIDENT, name="周文", due_days=5
    )
    assisted.id_number, assisted.phone, assisted.story = number, "13800137001", "号码被占用"
    assisted.id_index, assisted.privacy_version = applicants.number_index(number), "1"
    assisted.department_id, assisted.due_on = officer.department_id, today()
    change = AccountChange(account_id=applicant.id, act=AccountAct.CORRECT_NUMBER, reason="录错", staff_id=officer.id)
    change.number_before = id_number(805)
    note = InternalNote(declaration_id=open_one.id, staff_id=officer.id)
    note.text = "电话里说明天补"
    draft = Draft(declaration_id=open_one.id, page="personal")
    draft.body = [["postal_address", "样例街 1 号"]]
    parked = ParkedForm(account_id=applicant.id, path="/apply/personal")
    parked.body = [["postal_address", "样例街 2 号"]]
    letter = OutboxMessage(channel=Channel.SMS, text_name="other")
    letter.recipient, letter.words = "13800138000", ["消息", "内容"]
    code = SentCode(purpose=CodePurpose.RESET, subject_index=b"s" * 32, expires_at=utcnow())
    code.asked, code.target = [id_number(807), "单小燕"], "13800138001"
    upload = Upload(declaration_id=open_one.id, kind="diploma", length=8)
    upload.facts = {"name": "证书.jpg"}
    db.session.add_all([assisted, change, note, draft, parked, letter, code, upload])
    db.session.flush()
    part = keys().seal(b"the part", place_of_part(upload.uid, 0))
    db.session.add(UploadPart(upload_id=upload.id, start=0, sealed=part))
    db.session.commit()
    assert holder.id
    return applicant, officer


def everything() -> dict[str, Any]:
    """What all sealed columns say, and how large every stored file is."""
    db.session.rollback()
    db.session.expire_all()
    found: dict[str, Any] = {}
    for mapped in key_rotation.sealed_tables():
        rows = db.session.scalars(select(mapped)).all()
        assert rows, f"no row of {mapped.__tablename__}: add one to fill()"
        for row in rows:
            for bound in key_rotation.sealed_columns(mapped).values():
                found[f"{mapped.__tablename__}.{bound} {row.id}"] = getattr(row, bound)
    for part, upload in db.session.execute(select(UploadPart, Upload).join(Upload)):
        found[f"part {part.start}"] = keys().open(part.sealed, place_of_part(upload.uid, part.start))
    return found | {address: len(store().get(address)) for address in papers.referenced()}


def check_searches(make: Make, applicant: Account, officer: Staff) -> None:
    """As a sign-in, a registration, an officer and the rule about the own file look."""
    number, phone = applicant.id_number, applicant.phone
    assert phone
    assert applicants.find(number) is applicant
    holder = db.session.scalars(select(LegacyHolder)).one()
    assert holder.id_index == blind_index.of_number(holder.id_number)
    assert applicant.phone_index == blind_index.of_phone(phone)
    assert officer.id_index == applicant.id_index
    wanted = applicants.Registration(IdType.RESIDENT, number, "别人", "13800138999", "", "1")
    with pytest.raises(applicants.NumberTaken):
        applicants.reserve(wanted, "")
    db.session.rollback()
    view = OfficerView(make.actor(db.session.scalars(select(Staff).where(Staff.name == "王审核")).one()))
    for text in (number, phone[-4:]):
        assert len(search.find(view, text).ids) == 1, text
    db.session.rollback()


def test_all_values_and_searches_survive_a_rotation_that_is_killed(
    app: Flask, folder: Path, url: str, make: Make
) -> None:
    applicant, officer = fill(make)
    before, old, touched = everything(), keys().keys, touched_at()
    unsealed = {f"staff.id_number {officer.id}": ""}  # known as a hash, until the rotation meets the number
    rotations = Rotations(folder, url)
    for point in KILLED if not url else ["commit 9"]:
        assert rotations.rotate(point) == signal.SIGKILL, point
        assert everything() | unsealed == before | unsealed, point
        check_searches(make, applicant, officer)
    assert rotations.rotate("end") == 0
    rotations.end()

    keys().look_again()
    assert everything() == before | {f"staff.id_number {officer.id}": applicant.id_number}
    check_searches(make, applicant, officer)
    held = KeyFile.read(folder / "keys.json")
    assert not {*old.sealing, *old.indexing} & {*held.sealing, *held.indexing}
    assert set(key_rotation.sealed_with()) == {held.current}
    assert {store().head(address)[1:].hex() for address in store().stored()} == {held.current}
    assert held.master == old.master
    assert len(db.session.scalars(select(SearchKey).where(SearchKey.key.like("t%"))).all()) == 1
    assert touched_at() == touched
    assert not audit_seals.verify(audit_seals.ChainHead()).problem
    with pytest.raises(Exception, match="only ever added"):
        db.session.execute(update(InternalNote).values(staff_id=1))


def said_by_doctor(folder: Path) -> list[tuple[str, str]]:
    return [(found.level, found.text) for found in doctor.key_file(folder / "keys.json", keys())]


def test_no_new_keys_are_made_beside_a_database_in_use(app: Flask, folder: Path, url: str, make: Make) -> None:
    account, file = make.account(), folder / "keys.json"
    file.rename(folder / "away")
    with pytest.raises(BadSetting, match=r"找不到 .*keys\.json；数据库里的内容只有它能打开"):
        create_app(TestConfig(folder, DATABASE_URL=url))
    assert not file.exists()
    assert account.id_number, "a running process has its keys"
    (folder / "away").rename(file)
    again = create_app(TestConfig(folder, DATABASE_URL=url))
    with again.app_context():
        assert doctor.foreign_keys(file) is None
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("url", [""])
def test_a_database_that_is_empty_gets_keys(url: str, tmp_path: Path) -> None:
    create_app(TestConfig(tmp_path))
    assert KeyFile.read(tmp_path / "keys.json")


@pytest.mark.parametrize("url", [""])
def test_a_key_file_that_opens_nothing_is_told_by_doctor_and_init(app: Flask, folder: Path, make: Make) -> None:
    """Another installation's, or one of before the last rotation."""
    make.account()
    assert said_by_doctor(folder) == []
    db.session.rollback()
    (folder / "keys.json").write_bytes(Keyring.ephemeral().keys.as_json())
    other = create_app(TestConfig(folder))
    with other.app_context():
        assert [level for level, _text in said_by_doctor(folder)] == ["fault"]
        assert "打不开数据库里的内容" in said_by_doctor(folder)[0][1]
        db.session.rollback()
        for command in ("init", "serve"):
            status, _said, error = runner(other)(command)
            assert (status, error.count("\n")) == (1, 1), error
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("url", [""])
def test_an_old_key_stays_for_a_number_that_is_known_as_a_hash_only(app: Flask, folder: Path, make: Make) -> None:
    number, flask = id_number(901), runner(app)
    officer = make.staff(id_index=applicants.number_index(number))
    before = keys().keys
    assert flask("keys", "rotate", "--prepare")[0] == 0
    assert KeyFile.read(folder / "keys.json").current == before.current
    status, said, error = flask("keys", "rotate", "--settle", "0")
    assert (status, officer.username in error) == (1, True)
    assert said == f"已停用的密钥：{before.current}\n"
    held = KeyFile.read(folder / "keys.json")
    assert (len(held.sealing), len(held.indexing)) == (1, 2)
    assert [level for level, _text in said_by_doctor(folder)] == ["warning"]
    db.session.rollback()
    assert f"因 1 名工作人员的证件号码而保留：{officer.username}" in flask("keys", "list")[1]

    wanted = applicants.Registration(IdType.RESIDENT, number, officer.name, "13800138999", "", "1")
    with transaction_mode("IMMEDIATE"):
        applicants.reserve(wanted, "")
        assert db.session.scalars(select(Account.id_index)).all() == [officer.id_index], "nobody reviews the own file"
        db.session.rollback()

    assert flask("staff", "set-number", officer.username, stdin=f"{number}\n")[0] == 0
    assert flask("keys", "rotate", "--settle", "0")[0] == 0
    assert list(KeyFile.read(folder / "keys.json").indexing) == [held.current_index]
    db.session.expire_all()
    assert officer.id_index == applicants.number_index(number)
