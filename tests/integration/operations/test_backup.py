"""``flask backup``: what a back-up holds, what is refused in words, when one is made by itself, and who is told.

What is restored here is a file of SQLite; with PostgreSQL: test_backup_drill.py.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from commands.serve import claimed_port
from lib.backup import encryption
from lib.backup.archive import Archive, FileMark, difference
from lib.crypto import Keyring
from lib.database import copies
from lib.storage import Folder, StoreHeld
from models import Event, PaperPage, db
from services.operations import backups, restoring
from services.papers import papers
from tests.support.site import backups as drill
from tests.support.site import faults
from tests.support.site.backups import PUBLIC, restore
from tests.support.site.command_line import runner

# --- made and brought back --------------------------------------------------------------------------------------------


@pytest.mark.sqlite
def test_a_new_machine_has_everything_after_a_restore(kept, empty):
    shutil.rmtree(kept.folder, ignore_errors=True)
    before = drill.stored_rows()
    kept.made("--with-keys")
    named = papers.referenced()
    db.session.remove()

    with empty.app_context():
        status, said = restore(empty, kept)
        assert (status, said[-22:]) == (0, "数据库；请运行 flask init 和 flask doctor，再启动服务\n"[-22:])
        assert drill.stored_rows() == before
        assert papers.referenced() == named
        store = Folder(empty.config["UPLOADS"], Keyring.load(empty.config["KEYS_FILE"]))
        assert all(store.get(address) for address in named)
        assert [event.detail for event in db.session.scalars(select(Event).filter_by(verb="backup_restore"))]
        db.session.remove()
    assert Keyring.load(empty.config["KEYS_FILE"]).pepper == kept.app.extensions["kuaiji.keys"].pepper
    assert list(empty.config["DATA"].glob("keys.json.before-restore-*"))  # nothing was thrown away


def test_what_was_read_before_does_not_move_the_cut_back(kept, monkeypatch):
    assert db.session.scalar(text("SELECT name FROM account"))  # a reading that goes on
    with db.engine.connect() as another:
        another.execute(text("UPDATE account SET name = '样例改名'"))
        another.commit()
    with drill.watched_cut(monkeypatch) as seen:
        kept.made("--with-keys")
    assert [rows["account"] for rows in seen] == [drill.stored_rows()["account"]]


def test_only_new_files_are_copied_and_old_back_ups_take_theirs_along(kept, make):
    kept.made()
    first = kept.copies()
    changed = {path: path.stat().st_mtime_ns for path in first}
    make.papers(make.declaration())
    kept.made()
    assert {path: path.stat().st_mtime_ns for path in first} == changed
    more = kept.copies()
    assert set(first) < set(more)

    for page in db.session.scalars(select(PaperPage)):
        page.address = page.thumb_address  # as if other pictures had taken their place
    db.session.commit()
    kept.made()
    status, said, _error = kept.flask("backup", "prune", str(kept.folder), "--keep", "1")
    assert (status, said.split("，")[0]) == (0, f"已删除 2 份旧备份和 {len(more) - len(kept.copies())} 个文件")
    assert 0 < len(kept.copies()) < len(more)
    assert kept.flask("backup", "verify", str(kept.folder), "--identity", str(kept.private))[0] == 0


def test_nothing_in_a_back_up_can_be_read_without_the_private_key(kept):
    name = db.session.scalar(text("SELECT name FROM account"))
    made = kept.made("--with-keys")
    secret = json.loads(kept.app.config["KEYS_FILE"].read_text())["index"]
    for path in kept.folder.rglob("*"):
        if path.is_file():
            assert name.encode() not in path.read_bytes()
            assert secret.encode() not in path.read_bytes()
            assert path.stat().st_mode & 0o077 == 0 or path.name == "kuaiji-backup"
    assert made.joinpath("database.age").read_bytes().startswith(b"age-encryption.org/v1")
    assert list((kept.app.config["DATA"] / "backup-scratch").iterdir()) == []  # no plain copy is left


@pytest.mark.sqlite
def test_an_older_back_up_is_upgraded(kept, empty):
    flask_migrate.downgrade()
    with kept.app.app_context():
        source = backups.BackupSource(
            kept.app.extensions["kuaiji.store"],
            kept.app.extensions["kuaiji.keys"],
            kept.folder.parent / "scratch",
            kept.app.config["KEYS_FILE"],
        )
        archive = Archive.prepared(kept.folder)
        with archive.writing():
            summary = backups.create(archive, source, (PUBLIC,))
    with empty.app_context():
        assert restore(empty, kept)[0] == 0
        assert db.session.scalar(text("SELECT version_num FROM alembic_version")) > summary.revision
        db.session.remove()


def test_a_file_that_goes_with_its_row_at_the_moment_of_the_cut_is_not_named(kept, monkeypatch):
    """Its file was removed, and the removal of its row is committed only after the first look."""
    address = db.session.scalars(select(PaperPage.address).filter_by(kind="id_portrait")).one()
    store, begin = kept.app.extensions["kuaiji.store"], copies.begin_snapshot
    db.session.rollback()
    seen: list[str] = []

    def late(session: Any, engine: str) -> Any:
        if seen:
            with db.engine.begin() as other:
                other.execute(text("DELETE FROM paper_page WHERE address = :gone"), {"gone": address})
        seen.append(engine)
        return begin(session, engine)

    assert store.discard(address, 0)
    monkeypatch.setattr(copies, "begin_snapshot", late)
    made = kept.made()
    assert len(seen) == 2
    assert Archive(kept.folder).summary(made.name).missing == ()


def test_no_file_is_removed_while_a_back_up_is_made(kept):
    store = kept.app.extensions["kuaiji.store"]
    loose = store.put(b"a picture that no row names").address
    with store.held():
        assert not store.discard(loose, 0)
        store.sweep(lambda _address: False, 0)  # the trash is no removal
        with pytest.raises(StoreHeld):
            store.sweep(lambda _address: False, 0)
        assert store.get(loose)
    assert store.discard(loose, 0)


def test_a_file_that_is_lost_already_is_told_and_does_not_keep_the_rest_from_being_kept(kept):
    address = db.session.scalars(select(PaperPage.address)).first()
    assert kept.app.extensions["kuaiji.store"].discard(address, 0)
    status, _said, error = kept.flask("backup", "create", str(kept.folder))
    assert status == 0
    assert "有 1 个文件在备份前就已丢失" in error


# --- refused in words -------------------------------------------------------------------------------------------------


def cut_short(made: Path) -> None:
    content = made.joinpath("database.age").read_bytes()
    made.joinpath("database.age").write_bytes(content[: len(content) // 2])


def retold(**changes: Any) -> Callable[[Path], None]:
    def write(made: Path) -> None:
        summary = made / "backup.json"
        summary.write_text(json.dumps(json.loads(summary.read_text()) | changes))

    return write


def unfinished(made: Path) -> None:
    made.rename(made.with_name(f".unfinished-{made.name}"))


def no_marker(made: Path) -> None:
    made.with_name("kuaiji-backup").unlink()


SPOILT = {
    "half": (cut_short, "不完整：database.age 已损坏"),
    "part": (lambda made: made.joinpath("database.age").unlink(), "不完整：database.age 缺少"),
    "summary": (lambda made: made.joinpath("backup.json").write_text("{"), "不完整：backup.json 缺少或损坏"),
    "unfinished": (unfinished, "没有完整的备份，只有一份没有做完的"),
    "no folder of back-ups": (no_marker, "不是备份目录"),
    "format": (retold(format=2), "的格式是 2，本程序只认识 1"),
    "newer": (retold(revision="9999"), "是更新版本的程序做的（数据库版本 9999）；请先升级程序"),
    "engine": (retold(engine="postgresql"), "来自 postgresql，本机用的是 sqlite"),
    "another key": (retold(recipients=["age1other"]), "不是用这把私钥对应的公钥加密的"),
    "forged": (retold(files=0), "不是用本机的密钥文件做的，或者被改动过"),
}


@pytest.mark.sqlite
@pytest.mark.parametrize("case", SPOILT)
def test_what_is_no_whole_back_up_of_here_is_refused(kept, empty, case):
    spoil, words = SPOILT[case]
    spoil(kept.made("--with-keys"))
    db.session.remove()
    with empty.app_context():
        status, said = restore(empty, kept)
        assert (status, words in said) == (1, True), said
        assert "\n" not in said
        assert not list(empty.config["UPLOADS"].glob("??/??/*"))
        db.session.remove()


@pytest.mark.sqlite
def test_a_back_up_without_keys_wants_those_of_its_time(kept, empty):
    kept.made()
    db.session.remove()
    with empty.app_context():
        assert "不是用本机的密钥文件做的" in restore(empty, kept)[1]
        db.session.remove()


@pytest.mark.sqlite
def test_a_damaged_file_stops_a_restore_unless_it_is_told_to_go_on(kept, empty):
    kept.made("--with-keys")
    first, second, third, *_rest = kept.copies()
    first.write_bytes(b"age-encryption.org/v1 damaged")
    second.unlink()
    third.write_bytes(encryption.encrypt(b"something else", (PUBLIC,)))
    assert "有 3 个文件缺少或损坏" in kept.refused("verify")
    assert "有 3 个文件缺少或损坏" in kept.refused("verify", "--identity", str(kept.private))
    db.session.remove()
    with empty.app_context():
        assert restore(empty, kept)[1].startswith("3 个文件缺少或损坏，数据库没有改动")
        assert not db.session.scalar(text("SELECT count(*) FROM sqlite_master"))
        db.session.remove()
        assert restore(empty, kept, "--incomplete")[0] == 0
        db.session.remove()


@pytest.mark.sqlite
def test_a_database_in_use_is_replaced_only_when_told_and_kept(kept, make):
    kept.made()
    later = make.account()
    name, data = later.id, kept.app.config["DATA"]
    damaged = next(kept.app.config["UPLOADS"].glob("??/??/*"))
    damaged.write_bytes(b"damaged")
    db.session.remove()
    assert "数据库里已有数据，没有恢复" in restore(kept.app, kept)[1]
    assert restore(kept.app, kept, "--replace")[0] == 0
    assert not db.session.scalar(text("SELECT count(*) FROM account WHERE id = :id"), {"id": name})
    db.session.rollback()
    assert kept.app.extensions["kuaiji.store"].get(damaged.name)
    assert [path.name[:25] for path in data.glob("kuaiji.db.before-restore-*") if path.stat().st_size > 100_000]


@pytest.mark.sqlite
def test_a_damaged_database_makes_no_back_up_and_counts_as_in_use(kept):
    kept.made()
    database = kept.app.config["DATA"] / "kuaiji.db"
    unread = db.session.scalar(text("SELECT rootpage FROM sqlite_master WHERE name = 'division'"))
    db.session.remove()
    db.engine.dispose()
    faults.damage(database, unread - 1, 1)
    assert "数据库已损坏，没有做备份" in kept.refused("create")
    db.session.remove()
    db.engine.dispose()
    faults.damage(database, 0, 1)
    assert "已损坏；请停止服务，恢复备份" in kept.refused("create")
    assert len(Archive(kept.folder).names()) == 1
    assert restore(kept.app, kept)[0] == 1
    with kept.app.app_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(db.session, "connection", lambda: (_ for _ in ()).throw(OperationalError("", {}, Exception())))
        with pytest.raises(OperationalError):  # a server that is away is no damage
            restoring.is_in_use()
    assert restore(kept.app, kept, "--replace")[0] == 0
    assert kept.flask("storage", "check")[0] == 0


def test_nothing_is_restored_while_the_site_is_served(kept):
    kept.made()
    with claimed_port(kept.app.config["HOST"], kept.app.config["PORT"]):
        assert "正在使用；请先停止服务，再恢复" in restore(kept.app, kept, "--replace")[1]


def test_two_at_once_and_folders_of_others_are_refused(kept, tmp_path):
    kept.made()
    with Archive(kept.folder).reading():
        assert "另一个备份命令正在使用" in kept.refused("create")
    assert "没有完整的备份 x" in kept.refused("verify", "--backup", "x")
    (kept.folder / "20260101T000000000Z").mkdir()
    assert "不完整" in kept.flask("backup", "list", str(kept.folder))[1]
    assert "不完整" in kept.refused("prune", "--keep", "9")
    kept.folder = tmp_path  # has other things in it
    assert "里已有别的文件" in kept.refused("create")


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "磁盘已满；请腾出空间"), (errno.EBADF, "没有料到的错误 OSError")]
)
def test_a_disk_that_fails_is_named_and_leaves_no_back_up(kept, monkeypatch, number, words):
    def fail(*_any: Any) -> None:
        raise OSError(number, "of the disk", "database.age")

    with monkeypatch.context() as patch:
        patch.setattr(encryption, "encrypt_stream", fail)
        assert kept.refused("create").startswith(words)
    assert Archive(kept.folder).names() == []
    assert "没有做完" in kept.flask("backup", "list", str(kept.folder))[2]
    kept.made()
    assert Archive(kept.folder).unfinished() == 0


@pytest.mark.sqlite
def test_it_says_what_is_missing_to_begin_with(kept, empty):
    kept.app.config["BACKUP_RECIPIENTS"] = ()
    assert "先运行 flask backup key" in kept.refused("create")
    assert kept.flask("backup", "create")[0] == 2
    db.session.remove()
    with empty.app_context():
        empty.config["BACKUP_RECIPIENTS"] = (PUBLIC,)
        assert "还没有初始化" in runner(empty)("backup", "create", str(kept.folder))[2]
        db.session.remove()


def test_a_damaged_list_of_files_is_not_gone_by(kept):
    made = kept.made()
    (made / "files.gz").write_bytes(b"damaged")
    again = kept.made()
    assert len(list(Archive(kept.folder).files(again.name))) == len(kept.copies())


def test_only_the_right_private_key_and_readable_files_will_do(tmp_path):
    file, stranger = tmp_path / "sealed", encryption.read_identity(encryption.new_identity()[0])
    with file.open("wb") as out:
        encryption.encrypt_stream([b"", b"words"], out, (PUBLIC,))
    with file.open("rb") as source, pytest.raises(encryption.BackupError, match="私钥打不开"):
        encryption.decrypt_stream(source, BytesIO(), stranger)
    assert difference(tmp_path, FileMark(0, "")) == "读不出来（Is a directory）"
    assert copies.sqlite_problem(file) == "file is not a database"


def test_a_pair_of_keys_is_made_once(kept, tmp_path):
    file = tmp_path / "pair"
    status, said, _error = kept.flask("backup", "key", str(file))
    public = said.splitlines()[0].removeprefix("KUAIJI_BACKUP_RECIPIENTS=")
    assert (status, encryption.parse_recipients(public)) == (0, (public,))
    assert encryption.is_for(encryption.read_identity(file.read_text()), [public])
    assert file.stat().st_mode & 0o777 == 0o600
    assert "已存在，没有改动" in kept.flask("backup", "key", str(file))[2]
    with pytest.raises(ValueError, match="age1"):
        encryption.parse_recipients("age1wrong")
    for wrong in ("", "AGE-SECRET-KEY-1WRONG"):
        with pytest.raises(encryption.BackupError, match="不是备份的私钥文件"):
            encryption.read_identity(wrong)
