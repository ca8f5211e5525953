"""原持证人名册 through the pages: from the upload to the undo, a killed worker, what the list of problems tells."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import xlsxwriter
from sqlalchemy import func, select

from commands import register_work
from lib.codes import Role
from lib.database import utcnow
from models import LegacyHolder, RegisterImport, db
from services.old_register import batches, jobs
from services.old_register.text_files import Row
from services.operations import doctor
from services.papers import papers
from tests.support.people import id_number

PAGE = "/staff/admin/register"
ONE, TWO, THREE = id_number(11), id_number(12), id_number(13)
HEADER = "持证人,证号码,会计证号,领证日期"
LINES = (
    HEADER,
    f"孙立国,{ONE},2.10102E+11,2008-06-12",
    f"李四喜,{TWO},LN20080001,2008-06-12",
    f"王五一,{THREE[:17]}Q,LN20080002,2008-06-12",
)


@pytest.fixture
def system(client, make):
    return client.sign_in(make.staff(Role.SYSTEM, "210000"))


def upload(system, data: bytes = "\n".join(LINES).encode(), name: str = "样例县名册.csv") -> str:
    return str(system.send(PAGE, {"file": (io.BytesIO(data), name)}, expect=302).location)


def worked() -> None:
    db.session.rollback()
    while register_work.work_next():
        pass
    db.session.expire_all()


def job_at(location: str) -> RegisterImport:
    db.session.expire_all()
    return db.session.scalars(select(RegisterImport).where(RegisterImport.uid == location.rsplit("/", 1)[-1])).one()


def records() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(LegacyHolder)) or 0


MAPPING = {"name": "0", "number": "1", "certificate_no": "2", "issued": "3"}


def checked(system) -> str:
    at = upload(system)
    worked()
    system.send(f"{at}/columns", MAPPING, expect=302)
    worked()
    return at


def test_a_register_goes_from_the_upload_to_the_undo(system):
    at = upload(system)
    assert json.loads(system.open(f"{at}/state").data) == {"under_way": True, "done": 0}
    worked()
    assert "请选择哪一列是证件号码" in system.send(f"{at}/columns", {"name": "0"}, expect=422).text
    assert "同一列不能用作两项" in system.send(f"{at}/columns", {"name": "0", "number": "0"}, expect=422).text
    system.send(f"{at}/columns", MAPPING, expect=302)
    worked()

    page = system.open(at)
    assert "导入 2 条" in page.text
    assert records() == 0
    table = list(csv.reader(io.StringIO(system.open(f"{at}/findings").data.decode("utf-8-sig"))))
    assert [row[:2] for row in table[1:]] == [["2", "请核对"], ["4", "未导入"]]
    assert not re.search(r"[0-9]{6}|孙立国|王五一|E\+11", str(table)), "no name and no number"

    system.send(f"{at}/import", expect=302)
    worked()
    assert "已导入" in system.open(at).text
    assert (records(), job_at(at).address) == (2, None), "the file is not kept"
    assert job_at(at).batch in system.open(PAGE).text
    system.send(f"{at}/discard", expect=302)
    assert "已撤销，删除 2 条记录" in system.follow(system.send(f"{at}/undo")).text
    assert records() == 0


def test_the_columns_of_these_titles_are_remembered(system):
    checked(system)
    second = upload(system)
    worked()

    assert job_at(second).columns == {field: int(place) for field, place in MAPPING.items()}
    assert 'value="1" selected>第 2 列：证号码' in system.open(second).text


def test_a_batch_of_which_somebody_has_claimed_stays(system):
    at = checked(system)
    system.send(f"{at}/import")
    worked()
    db.session.scalars(select(LegacyHolder).limit(1)).one().claimed_at = utcnow()
    db.session.commit()

    assert "已有 1 人设置了密码，不能撤销" in system.follow(system.send(f"{at}/undo")).text.replace(",", "，")
    assert (records(), job_at(at).state) == (2, "imported")


def test_a_killed_import_leaves_nothing_and_the_next_worker_does_all_of_it(system, monkeypatch):
    at = checked(system)
    system.send(f"{at}/import")
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "finish", lambda *_args, **_values: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            worked()
    assert (records(), job_at(at).state) == (0, "importing")
    worked()
    assert records() == 0, "the first worker may still be alive"

    job_at(at).alive_at = utcnow() - timedelta(minutes=2)
    db.session.commit()
    assert jobs.is_waited_for()
    worked()

    assert (records(), job_at(at).state, job_at(at).tries) == (2, "imported", 2)


def test_a_worker_that_was_replaced_imports_nothing(system, monkeypatch):
    at = checked(system)
    system.send(f"{at}/import")
    take = jobs.take

    def replaced(worker: str) -> RegisterImport | None:
        if job := take(worker):
            job.worker = "another"
        return job

    monkeypatch.setattr(jobs, "take", replaced)
    worked()

    assert (records(), job_at(at).state) == (0, "importing")


def test_a_file_that_kills_three_workers_has_failed(system):
    at = upload(system)
    for _ in range(jobs.TRIES):
        assert jobs.take("killed")
        job_at(at).alive_at = utcnow() - timedelta(minutes=2)
        db.session.commit()
    worked()

    assert "处理时出错" in system.open(at).text


def test_a_sheet_of_a_workbook_is_chosen(system):
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        book.add_worksheet("2007").write_row(0, 0, ["姓名", "证件号码"])
        book.add_worksheet("2008").write_row(0, 0, ["姓名", "身份证号", "档案号"])
    at = upload(system, data.getvalue(), "名册.xlsx")
    worked()
    assert job_at(at).titles == ["姓名", "证件号码"]

    system.send(f"{at}/columns", {"sheet": "2008"}, expect=302)
    worked()

    assert (job_at(at).sheet, job_at(at).state, job_at(at).titles[2]) == ("2008", "mapping", "档案号")


def test_what_cannot_be_read_says_so_and_is_thrown_away(system):
    assert "请选择一个文件" in system.send(PAGE, {"file": (io.BytesIO(b""), "")}, expect=422).text
    at = upload(system, b"PK\x03\x04rest", "名册.xlsx")
    assert job_at(at).address in papers.referenced()
    worked()
    assert "工作簿已损坏" in system.open(at).text

    system.send(f"{at}/import", expect=302)
    assert job_at(at).state == "failed"
    system.send(f"{at}/discard", expect=302)
    system.open(at, expect=404)


def test_old_files_are_forgotten_and_imported_ones_stay(system):
    old = checked(system)
    job_at(old).created_at = utcnow() - jobs.KEPT - timedelta(hours=1)
    db.session.commit()

    assert jobs.forget_old() == 1


def test_withheld_proofs_are_told_by_the_page_and_by_the_doctor(system):
    assert "已停用" not in system.open(PAGE).text
    twice = ("姓名,证件号码,档案号", f"孙立国,{ONE},LN20080001", f"李四喜,{TWO},LN20080001")
    at = upload(system, "\n".join(twice).encode())
    worked()
    system.send(f"{at}/columns", {"name": "0", "number": "1", "archive_no": "2"})
    worked()
    system.send(f"{at}/import")
    worked()

    assert "有 2 个证书编号或档案号已损坏" in system.open(PAGE).text
    assert "有 2 个号码不能再作凭证（多人相同 2 个）" in next(doctor.old_register()).text


def test_conflicts_are_counted_and_those_with_another_name_told_apart(system, make):
    """In the dry run as in the import: within the file, across its parts, with what was imported before."""
    make.legacy(name="孙立国", number=ONE)
    make.legacy(name="李四喜", number=TWO)
    rows = f"孙立国,{ONE},,", f"李四,{TWO},,", f"王五一,{THREE},,", f"王五二,{THREE},,", f"某某,{THREE[:17]}Q,,"
    at = upload(system, "\n".join((HEADER, *rows)).encode())
    worked()
    system.send(f"{at}/columns", MAPPING, expect=302)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "CHUNK", 1)
        worked()

    shown = system.open(at).text
    assert re.search(r"其中证件号码已存在</dt><dd[^>]*>3（姓名不同的 2）", shown)
    table = list(csv.reader(io.StringIO(system.open(f"{at}/findings?only=conflicts").data.decode("utf-8-sig"))))
    told = ["已存在，未导入", "已存在但姓名不同，未导入", "已存在但姓名不同，未导入"]
    assert [row[:2] for row in table[1:]] == [[line, word] for line, word in zip("235", told, strict=True)]
    assert len(list(csv.reader(io.StringIO(system.open(f"{at}/findings").data.decode("utf-8-sig"))))) == 4 + 1
    checked_counts = job_at(at).counts
    system.send(f"{at}/import")
    worked()
    assert job_at(at).counts == checked_counts


@pytest.mark.sqlite
def test_the_bar_moves_while_the_import_holds_the_database(system, monkeypatch):
    """And what it has done so far is in no table: it is one transaction all the same."""
    rows = [f"孙立国,{id_number(20 + number)},," for number in range(4)]
    at = upload(system, "\n".join((HEADER, *rows)).encode())
    worked()
    system.send(f"{at}/columns", MAPPING, expect=302)
    worked()
    system.send(f"{at}/import")
    seen, add_chunk = list[int](), batches._Batch.add_chunk

    def looked_at(batch: batches._Batch, chunk: list[Row]) -> None:
        asking = threading.Thread(target=lambda: seen.append(system.client.get(f"{at}/state").json["done"]))
        asking.start()  # with a session of its own
        asking.join()
        add_chunk(batch, chunk)

    monkeypatch.setattr(batches, "CHUNK", 1)
    monkeypatch.setattr(register_work, "EVERY", 0.0)
    monkeypatch.setattr(batches._Batch, "add_chunk", looked_at)
    worked()

    assert (seen, records()) == ([0, 2, 3, 4], 4)
    assert job_at(at).state == "imported"
    assert list((Path(system.app.config["DATA"]) / "register").iterdir()) == []


@pytest.mark.postgres
def test_on_postgresql_the_worker_says_during_the_import_that_it_is_alive(system, monkeypatch):
    rows = [f"孙立国,{id_number(20 + number)},," for number in range(3)]
    at = upload(system, "\n".join((HEADER, *rows)).encode())
    worked()
    system.send(f"{at}/columns", MAPPING, expect=302)
    worked()
    system.send(f"{at}/import")
    told, beat = list[int](), jobs.beat

    def noted(job_id: int, worker: str, done: int) -> bool:
        told.append(done)
        return beat(job_id, worker, done)

    monkeypatch.setattr(jobs, "beat", noted)
    monkeypatch.setattr(batches, "CHUNK", 1)
    monkeypatch.setattr(register_work, "EVERY", 0.0)
    worked()
    assert (told, records(), job_at(at).state) == ([2, 3, 4], 3, "imported")
