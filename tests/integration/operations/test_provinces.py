"""Several provinces in one PostgreSQL database: each in a schema of its own, and read together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.exc import DBAPIError

from app import create_app
from config import TestConfig
from lib.codes import Status
from lib.database import alone, provinces
from models import Account, db
from services.departments.reference_data import load_reference_data
from services.reports import nation
from tests.support.factory import Make
from tests.support.site.pool import lent

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
NUMBER = "210102199003071234"


def settings_of(file: Path) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in file.read_text().splitlines())
    return {name.removeprefix("KUAIJI_"): value for name, value in pairs}


def application(folder: Path, name: str, *, owner: bool = False, **more: str) -> Flask:
    """As the role that serves a province, or as its owner."""
    given = settings_of(folder / f"{name}.env")
    if owner:
        given |= settings_of(folder / f"{name}-owner.env")
    address = {"DATABASE_URL": given["DATABASE_URL"], "SCHEMA": given["SCHEMA"]}
    return create_app(TestConfig(folder / name, **address | more))


@pytest.fixture(scope="module")
def two(pool, tmp_path_factory, postgres_server) -> Iterator[tuple[Path, str]]:
    """A folder with the settings of two installed provinces, and the address of the administrator."""
    tmp_path = tmp_path_factory.mktemp("provinces")
    postgres_server.command("CREATE DATABASE nation")
    postgres_database = postgres_server.url_of("nation")
    runner = pool.take().test_cli_runner()
    for name in ("jilin", "hebei"):
        arguments = ["province", "create", name, "--url", postgres_database, "--folder", str(tmp_path)]
        done = runner.invoke(args=arguments)
        assert done.exit_code == 0, done.output
    one = application(tmp_path, "jilin", owner=True)
    with one.app_context():
        done = one.test_cli_runner().invoke(args=["init"])
        assert done.exit_code == 0, done.output
        db.session.remove()
        db.engine.dispose()
    other = application(tmp_path, "hebei", owner=True)
    with other.app_context():
        db.create_all()
        load_reference_data(other.config["PROVINCE_DATA"])
        db.session.commit()
        tables = [table.name for table in db.metadata.sorted_tables if table.info]
        provinces.keep_unchanged(db.session.connection(), tables)
        db.session.execute(text("CREATE TABLE alembic_version AS SELECT '0000' AS version_num"))
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    yield tmp_path, postgres_database
    postgres_server.command("DROP DATABASE nation WITH (FORCE)")
    for name in ("jilin", "jilin_owner", "hebei", "hebei_owner"):
        postgres_server.command(f"DROP ROLE {name}")


def test_two_provinces_hold_the_same_number_and_see_nothing_of_each_other(two):
    folder, administrator = two
    for name, prefix in (("jilin", "JL"), ("hebei", "HB")):
        for app in lent(application(folder, name, NUMBER_PREFIX=prefix)):
            assert db.session.scalars(select(Account)).all() == []
            make = Make(app)
            number = make.declaration(Status.SUBMITTED, account=make.account("盖丽娜", number=NUMBER)).number
            assert number.startswith(f"{prefix}20")
            make.record(make.account("那晴"))
            db.session.commit()
            for table in ("decision", "revision", "event"):
                with pytest.raises(DBAPIError, match="permission denied"):
                    db.session.execute(text(f"DELETE FROM {table}"))
                db.session.rollback()
            other = "hebei" if name == "jilin" else "jilin"
            with pytest.raises(DBAPIError, match="permission denied for schema"):
                db.session.execute(text(f"SELECT * FROM {other}.account"))
            db.session.rollback()

    engine = create_engine(administrator)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT to_regclass('public.account')")) is None
        counted = {(row.province, row.status): row.count for row in nation.totals(connection, ["hebei", "jilin"])}
        assert counted == {
            (name, kind): 1 for name in ("hebei", "jilin") for kind in (Status.SUBMITTED, Status.APPROVED)
        }
        latest = nation.latest(connection, ["hebei", "jilin"], 3)
        assert [row.province for row in nation.latest(connection, ["jilin"], 1)] == ["jilin"]
    engine.dispose()
    assert len(latest) == 3
    assert latest == sorted(latest, key=lambda row: row.submitted_at, reverse=True)
    assert nation.totals(None, []) == nation.latest(None, [], 1) == []


def test_the_commands_list_and_count_them_and_refuse_a_name_that_is_taken(app, two):
    folder, administrator = two
    runner = app.test_cli_runner()
    listed = runner.invoke(args=["province", "list", "--url", administrator]).output
    assert [line.split()[0] for line in listed.splitlines()] == ["hebei", "jilin"]
    for verb in ("totals", "latest"):
        assert runner.invoke(args=["province", verb, "--url", administrator]).exit_code == 0
    assert (folder / "jilin.env").stat().st_mode & 0o777 == 0o600
    for name, place, why in (
        ("jilin", folder, "文件已存在"),
        ("jilin", folder / "jilin", "没有新建"),
        ("Jilin", folder, "名称应由"),
    ):
        arguments = ["province", "create", name, "--url", administrator, "--folder", str(place)]
        refused = runner.invoke(args=arguments)
        assert refused.exit_code == 1
        assert why in refused.output
    for url in ("sqlite:///x", "nonsense", make_url(administrator).set(port=1).render_as_string()):
        assert runner.invoke(args=["province", "list", "--url", url]).exit_code == 1


def test_scheduled_work_of_one_province_does_not_wait_for_another(two):
    folder, _administrator = two
    first, second = (application(folder, name) for name in ("jilin", "hebei"))
    with first.app_context():
        here = db.engine
    with second.app_context():
        there = db.engine
    with alone(here, b"a subject") as one, alone(there, b"a subject") as other, alone(here, b"a subject") as again:
        assert (one, other, again) == (True, True, False)
    here.dispose()
    there.dispose()
