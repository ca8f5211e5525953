"""The old register in batches: what is taken, what is left out and why, and taking a batch back."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from lib.codes import AccountState
from lib.database import utcnow
from models import Account, ActivationCode, Event, LegacyHolder, db
from services.accounts import activation_codes
from services.old_register import batches
from services.old_register.batches import BatchClaimed, BatchNotFound, Finding
from services.old_register.chunks import ChunkReader
from services.old_register.columns import COLUMNS
from services.old_register.reading import Source, UnreadableFile, open_source
from services.old_register.rows import RegisterRow, RowReader
from tests.support.people import id_number
from tests.support.site.command_line import Run, runner

TODAY = date(2026, 11, 23)
HEADER = "姓名,证件号码,证书编号,档案号,发证日期,发证机关,手机号码,单位"
NUMBER = id_number(11)
ROW = f"孙立国,{NUMBER},210102080001,LN20080001,2008-06-12,沈阳市财政局,13800130001,样例县粮库"


def opened(path: Path) -> Source:
    return open_source(lambda: path.open("rb"))


def holders() -> list[LegacyHolder]:
    return list(db.session.scalars(select(LegacyHolder).order_by(LegacyHolder.id)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_row_becomes_a_holder_whatever_the_encoding(bring_in, encoding):
    result, findings = bring_in(HEADER, ROW, encoding=encoding)

    assert (result.rows, result.imported, result.left_out, result.unproven, findings) == (1, 1, 0, 0, [])
    holder = holders()[0]
    assert (holder.name, holder.id_number, holder.phone) == ("孙立国", NUMBER, "13800130001")
    assert (holder.certificate_no, holder.archive_no, holder.issued_month) == ("210102080001", "LN20080001", "2008-06")
    assert (holder.issuer, holder.employer, holder.batch) == ("沈阳市财政局", "样例县粮库", result.batch)
    assert db.session.scalars(select(Event.detail)).all() == [f"batch {result.batch}, rows 1"]


def test_columns_stand_in_any_order_and_unknown_ones_are_named(bring_in, tmp_path):
    bring_in(" 档案号 ,备注,证件号码,姓名", f"LN20080001,离职,{NUMBER},孙立国")

    assert (holders()[0].name, holders()[0].archive_no, holders()[0].phone) == ("孙立国", "LN20080001", None)
    assert opened(tmp_path / "register.csv").unknown == ("备注",)


def test_a_dry_run_finds_the_same_and_changes_nothing(bring_in):
    lines = (HEADER, ROW, ROW, "李,1,,,,,,")

    tried, found_then = bring_in(*lines, dry_run=True)
    assert holders() == []
    done, found_now = bring_in(*lines)

    assert found_then == found_now
    assert (tried.imported, tried.left_out) == (done.imported, done.left_out) == (1, 2)


def test_an_old_number_of_15_digits_is_the_same_person(bring_in):
    _result, findings = bring_in(HEADER, ROW, f"孙立国,{NUMBER[:6]}{NUMBER[8:17]},,,,,,")

    assert findings == [Finding(3, "conflict", "同一证件号码在文件里前面已有一行")]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (f"孙立国,{NUMBER[:17]}{'X' if NUMBER[17] != 'X' else '1'}", "校验码"),
        (f"孙立国,{NUMBER[:16]}", "应为 18 位"),
        ("孙立国,", "请填写证件号码"),
        (f",{NUMBER}", "请填写姓名"),
        (f"孙3国,{NUMBER}", "姓名里不能有数字"),
        ("孙立国,2.19901E+17", "科学计数"),
        (f"孙立国,{id_number(11, '20200101')}", "不满 16 周岁"),
        (f"孙立国,{NUMBER},,,,,,,多出来的", "列数比列名多"),
    ],
)
def test_a_wrong_row_is_left_out_with_its_line_and_reason(bring_in, cells, words):
    result, findings = bring_in(HEADER, "", cells, f"王五一,{id_number(13)},,,,,,")

    assert [(finding.line, finding.kind) for finding in findings] == [(3, "error")]
    assert words in findings[0].text
    assert (result.imported, result.left_out) == (1, 1)


@pytest.mark.parametrize("number", [f"{NUMBER[:17]}1", id_number(11, "20200101"), f"{NUMBER[:6]}19901399123X"])
def test_a_report_never_quotes_the_number(bring_in, number):
    _result, findings = bring_in(HEADER, f"孙立国,{number},,,,,,")

    assert not any(number[at : at + 4] in findings[0].text for at in range(15))


def test_a_number_that_is_here_already_is_a_conflict(bring_in, make):
    first, _findings = bring_in(HEADER, ROW)
    account = make.account()
    expired = make.account(reserved_until=utcnow() - timedelta(minutes=1))
    expired.state = AccountState.RESERVED
    db.session.commit()

    result, findings = bring_in(HEADER, ROW, *(f"某某某,{who.id_number},,,,,," for who in (account, expired)))

    assert [(finding.line, finding.text) for finding in findings] == [
        (2, f"该证件号码已导入过(批次 {first.batch})"),
        (3, "该证件号码已注册账号，姓名不同"),
    ]
    assert (result.imported, result.left_out) == (1, 2)
    assert (result.conflicts, result.differing) == (2, 1)


@pytest.mark.parametrize(
    ("proof", "taken"),
    [
        (NUMBER, False),
        (f"{NUMBER[:6]}{NUMBER[8:17]}", False),
        (f"档-{NUMBER}", False),
        (NUMBER[:17], False),
        (NUMBER[6:14], False),
        (NUMBER[-6:], False),
        ("123", False),
        ("A" * 41, False),
        ("LN\x072008", False),
        ("2.10102E+11", False),
        ("LN0000", False),
        ("2008-06-12", False),
        ("LN20080001", True),
        ("辽会第0001号", True),
    ],
)
def test_a_proof_that_tells_the_number_is_not_taken(bring_in, proof, taken):
    result, findings = bring_in("姓名,证件号码,档案号", f"孙立国,{NUMBER},{proof}")

    assert holders()[0].archive_no == (proof if taken else None)
    assert result.unproven == (not taken)
    assert [finding.kind for finding in findings] == ([] if taken else ["warning"])


@pytest.mark.parametrize(
    ("issued", "month"),
    [
        ("2008-06-12", "2008-06"),
        ("2008/6/2", "2008-06"),
        ("2008年6月12日", "2008-06"),
        ("2008 年 6 月", "2008-06"),
        ("20080612", "2008-06"),
        ("2008－06－12", "2008-06"),
        ("2008—6", "2008-06"),
        ("200806", "2008-06"),
        ("2008-06-12 00:00:00", "2008-06"),
        ("2027-01-01", None),
        ("1962-01-01", None),
        ("2008", None),
        ("06/12/2008", None),
        ("不详", None),
    ],
)
def test_the_month_of_issue_is_read_from_many_spellings(bring_in, issued, month):
    result, findings = bring_in("姓名,证件号码,发证日期", f"孙立国,{NUMBER},{issued}")

    assert holders()[0].issued_month == month
    assert result.warnings == len(findings) == (month is None)


def test_a_wrong_phone_is_left_out_and_the_row_stays(bring_in):
    _result, findings = bring_in("姓名,证件号码,手机号码", f"孙立国,'{NUMBER},1380013")

    assert findings == [Finding(2, "warning", "手机号码不对,未采用")]
    assert (holders()[0].id_number, holders()[0].phone) == (NUMBER, None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "没有可以读取的内容"),
        ("姓名:\r\n".encode(), "缺少:证件号码"),
        ("姓名,档案号\r\n".encode(), "缺少:证件号码"),
        ("姓名,证件号码,姓名\r\n".encode(), "重复的列名:姓名"),
        ('"姓名,证件号码'.encode(), "没有可以读取的内容"),
        (b"PK\x03\x04rest", "工作簿已损坏"),
        (b"\xff\xff\xff\xff", "没有可以读取的内容"),
    ],
)
def test_a_file_that_is_no_register_is_refused(app, tmp_path, content, words):
    path = tmp_path / "register.csv"
    path.write_bytes(content)

    with pytest.raises(UnreadableFile, match=words):
        batches.import_source(opened(path), TODAY)


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_many_rows_go_in_by_chunks_and_progress_adds_up_to_the_lines(app, tmp_path, engine):
    path = tmp_path / "register.csv"
    lines = [f"孙立国,{id_number(serial % 1000, f'19{50 + serial // 1000}0307')}" for serial in range(2300)]
    path.write_text("\n".join(["姓名,证件号码", *lines, lines[0]]) + "\n", "utf-8")
    steps: list[int] = []
    findings: list[Finding] = []

    source = opened(path)
    tried: list[Finding] = []
    batches.import_source(source, TODAY, dry_run=True, found=tried.append)
    result = batches.import_source(source, TODAY, progress=steps.append, found=findings.append)

    assert tried == findings
    assert (result.imported, len(steps), sum(steps), source.lines) == (2300, 3, 2302, 2302)
    conflicts = [finding for finding in findings if finding.kind == "conflict"]
    assert conflicts == [Finding(2302, "conflict", "同一证件号码在文件里前面已有一行")], "of another chunk"
    assert db.session.scalar(select(func.count()).select_from(LegacyHolder)) == 2300


#: What stands in cells by mistake.
ODD = ["", " ", "'", "x", "X", "（", "·", "９", "\ue815", "-", "/", "2", "12", "000", "12345000", "3000-01", "1.2E+17"]
ODD += [NUMBER, NUMBER[5:], "寮犱笁", "\n", "\x1f", "\x1f2"]
#: The same alone in a cell.
WHOLE = ["2008612", "199912", "20080612", '"样例厂"', '="x"', "=123", "12.0", "120000.0", '"1234']


def odd_rows(chance: random.Random, count: int) -> dict[int, list[str]]:
    rows = {}
    for line in range(count):
        row = ROW.split(",")
        for _ in range(chance.randrange(3)):
            place = chance.randrange(len(row))
            at = chance.randrange(len(row[place]) + 1)
            row[place] = row[place][:at] + chance.choice(ODD) + chance.choice((row[place][at:], ""))
            if chance.random() < 0.1:
                row[place] = chance.choice(WHOLE)
        rows[line] = chance.choices((row, row[:-1], [*row, ""], [*row, "x"]), (97, 1, 1, 1))[0]
    return rows


def test_rows_of_a_chunk_are_read_as_one_that_is_looked_at_closely():
    titles = HEADER.split(",")
    place_of = {COLUMNS[title]: place for place, title in enumerate(titles)}
    one, many = RowReader(place_of, len(titles), TODAY), ChunkReader(place_of, len(titles), TODAY)
    rows, plain = odd_rows(random.Random(9), 2000), 0

    for start in range(0, 2000, 5):  # few: in a chunk with a cell that has the mark between cells no row is plain
        chunk = {line: rows[line] for line in range(start, start + 5)}
        values, removed, problems = many.read(chunk)
        found = {line: RegisterRow(row, removed.get(line, ()), problems.get(line)) for line, row in values.items()}
        assert found == {line: one.read(row) for line, row in chunk.items()}
        plain += len(many._plain({line: row for line, row in chunk.items() if len(row) == len(titles)}))
    assert 500 < plain < 1900


# --- taking it back ---------------------------------------------------------------------------------------------------


def test_a_batch_is_taken_back_with_the_codes_issued_for_it(bring_in, make):
    other = make.legacy()
    result, _findings = bring_in(HEADER, ROW)
    activation_codes.issue(holders()[1], None)
    db.session.flush()

    assert batches.undo(result.batch) == 1
    db.session.commit()

    assert [holder.id for holder in holders()] == [other.id]
    assert db.session.scalars(select(ActivationCode)).all() == []


def test_a_batch_of_which_somebody_has_claimed_stays(bring_in, make):
    result, _findings = bring_in(HEADER, ROW, f"王五一,{id_number(13)},,,,,,")
    holders()[0].claimed_at = utcnow()
    db.session.commit()

    with pytest.raises(BatchClaimed, match="1 人"):
        batches.undo(result.batch)

    assert len(holders()) == 2


def test_a_claim_in_the_very_moment_of_taking_back_wins(bring_in, monkeypatch):
    result, _findings = bring_in(HEADER, ROW, f"王五一,{id_number(13)},,,,,,")
    holders()[0].claimed_at = utcnow()
    db.session.commit()
    monkeypatch.setattr(batches, "_claimed", lambda _batch: 0)  # as it was a moment ago

    with pytest.raises(BatchClaimed, match="刚刚"):
        batches.undo(result.batch)

    db.session.rollback()
    assert len(holders()) == 2


def test_an_unknown_batch_is_said_to_be_unknown(app):
    with pytest.raises(BatchNotFound, match="没有批次 x"):
        batches.undo("x")


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def flask(app: Flask) -> Run:
    return runner(app)


def written(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "register.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


def test_the_command_tells_what_it_did_and_how_to_take_it_back(flask, tmp_path):
    file = written(tmp_path, "姓名,证件号码,备注", f"孙立国,{NUMBER},x", "李四喜,1,y")

    status, said, _progress = flask("legacy", "import", file)

    batch = holders()[0].batch
    assert status == 0
    assert said.splitlines() == [
        "未使用的列：备注",
        "第 3 行：未导入：身份证号码应为 18 位，现在是 1 位，请核对",
        "共 2 行：已导入 1 人，跳过 1 行，未采用的值 0 个；1 人没有凭证，只能凭激活码领取",
        f"批次 {batch}；还没有人领取时，可用 flask legacy undo {batch} 撤销",
    ]
    assert flask("legacy", "undo", batch)[:2] == (0, "已删除 1 条记录\n")
    assert holders() == []


def test_the_dry_run_of_the_command_imports_nothing(flask, tmp_path):
    status, said, _progress = flask("legacy", "import", "--dry-run", written(tmp_path, HEADER, ROW))

    assert (status, holders()) == (0, [])
    assert said.startswith("共 1 行：可导入 1 人")
    assert "undo" not in said


def test_errors_are_one_line_and_status_1_and_wrong_usage_is_2(flask, tmp_path):
    assert flask("legacy", "undo", "x") == (1, "", "错误：没有批次 x\n")
    status, said, error = flask("legacy", "import", written(tmp_path, "a,b"))
    assert (status, said, error.count("\n")) == (1, "", 1)
    assert flask("legacy", "import", str(tmp_path / "none.csv"))[0] == 2
    assert flask("legacy", "import")[0] == 2


@pytest.mark.parametrize("args", [(NUMBER,), ("-",)], ids=["typed", "from standard input"])
def test_the_command_issues_a_code_that_opens_the_record(flask, bring_in, args):
    bring_in(HEADER, ROW)

    status, said, _error = flask("legacy", "code", *args, stdin=f"{NUMBER}\n")

    assert status == 0
    code = said.partition("：")[2].partition("（")[0]
    holder = holders()[0]
    assert activation_codes.usable_id(holder, code) == db.session.scalars(select(ActivationCode.id)).one()


def test_no_code_for_a_record_that_is_not_there_or_claimed(flask, bring_in):
    assert flask("legacy", "code", NUMBER)[0] == 1
    bring_in(HEADER, ROW)
    holders()[0].claimed_at = utcnow()
    db.session.commit()

    status, said, error = flask("legacy", "code", NUMBER)

    assert (status, said) == (1, "")
    assert NUMBER not in error
    assert db.session.scalars(select(Account)).all() == []
