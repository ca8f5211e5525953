"""The operator's commands on PostgreSQL, from an empty database to people in every state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from config import TestConfig
from demo import people as demo_people
from demo.people import LEADING, Stage
from lib import crypto
from models import db
from tests.support.people import id_number
from tests.support.site.command_line import runner

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def app(tmp_path, postgres_database) -> Iterator[Flask]:
    crypto.use_cheap_hashes()
    app = create_app(TestConfig(tmp_path / "instance", DATABASE_URL=postgres_database))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


#: On their way to these people pass through nearly all the others.
FEW = (Stage.RESUBMITTED, Stage.CHANGE_SUBMITTED, Stage.LAPSED, Stage.OFFERED, Stage.DECLINED)


@pytest.mark.parametrize("stages", [FEW, pytest.param(tuple(Stage), marks=pytest.mark.soak)], ids=["few", "all"])
def test_the_commands_work_on_postgresql(app, tmp_path, monkeypatch, stages):
    cast = tuple(part for part in LEADING if part.stage in stages or part.archive_no)
    monkeypatch.setattr(demo_people, "LEADING", cast)
    flask = runner(app)
    register = tmp_path / "register.csv"
    register.write_text(f"姓名,证件号码\n孙立国,{id_number(11)}\n孙立国,{id_number(11)}\n", "utf-8")

    assert flask("init")[0] == 0
    assert flask("init")[0] == 0
    status, said, _progress = flask("demo", "--people", str(len(cast)))
    assert (status, said.splitlines()[0]) == (0, f"已生成 {len(cast)} 人")
    status, said, _error = flask("tick")
    recounted = [] if stages == FEW else ["重新统计的自动检查"]
    done = ["释放到期的领取", *recounted, "加入校验链的记录"]
    assert (status, [line.split("：")[0] for line in said.splitlines()]) == (0, done)
    assert flask("audit", "verify")[0] == 0
    said = flask("legacy", "import", str(register))[1]
    assert said.splitlines()[1].startswith("共 2 行：已导入 1 人，跳过 1 行")
    batch = said.splitlines()[-1].split()[1].split("；")[0]
    assert flask("legacy", "code", id_number(11))[0] == 0
    assert flask("legacy", "undo", batch)[:2] == (0, "已删除 1 条记录\n")
    assert "缺失或损坏 0 个" in flask("storage", "check")[1]
    status, said, _error = flask("doctor")
    assert status == 0
    assert "数据库：postgresql 1" in said
