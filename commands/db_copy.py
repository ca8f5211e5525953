"""``flask db-copy``: moves an installation from one database to another, usually from SQLite to PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import flask_migrate
from sqlalchemy import Connection, Table, create_engine, delete, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from commands.report import progress, reporting
from lib.database import copying, engine_options, prepare_engine
from models import Account, Declaration, Event, Heartbeat, LegacyHolder, Staff, db
from services.operations import heartbeats, readiness

UNDER_WAY = "db-copy"  # the heartbeat of a target that is being filled
PEOPLE = (Account, Staff, LegacyHolder, Declaration, Event)


@click.command("db-copy")
@click.argument("source")
@reporting
def command(source: str) -> None:
    """把数据库 SOURCE（地址，或 SQLite 文件的路径）里的全部数据复制到设置的数据库。

    请先停止服务。中断后再运行一次，会接着复制。
    """
    with _opened(source) as here:
        _check_source(here)
        flask_migrate.upgrade()
        tables = copying.copied_tables(db.metadata, without=(Heartbeat.__tablename__,))
        _claim_target(tables)
        digests = _copied(here, tables)
    heartbeats.forget(UNDER_WAY)
    db.session.commit()
    rows = sum(found.rows for found in digests.values())
    click.echo(f"已复制 {len(digests)} 张表、{rows} 行，两边逐表核对一致。上传的文件不在数据库里，照旧使用")


def _copied(source: Connection, tables: Sequence[Table]) -> dict[str, copying.TableDigest]:
    with progress("复制", len(tables)) as step:
        copying.copy(source, db.engine, tables, step)
    try:
        with db.engine.connect() as target:
            return dict(copying.compare(source, target, tables))
    except copying.CopyDiffers as error:
        raise click.ClickException(f"表 {error} 两边不一致：请清空目标数据库后重新复制，期间不要启动服务") from error


def _opened(source: str) -> Connection:
    """Nobody can write to the source while the connection is open, if it is SQLite."""
    try:
        url = make_url(source if "://" in source else f"sqlite:///{source}")
    except ArgumentError as error:
        raise click.ClickException("SOURCE 应是数据库地址，或 SQLite 文件的路径") from error
    if url == db.engine.url:
        raise click.ClickException("来源和目标是同一个数据库：请先把 KUAIJI_DATABASE_URL 改为新的数据库")
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).is_file()):
        raise click.ClickException(f"没有这个文件，请检查路径：{url.database}")
    engine = create_engine(url, **engine_options(url.render_as_string(hide_password=False)))
    prepare_engine(engine)
    if url.get_backend_name() == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    try:
        return engine.connect()
    except DBAPIError as error:
        raise click.ClickException(f"连接不上来源数据库，请检查地址和服务器：{error.orig}") from error


def _check_source(source: Connection) -> None:
    try:
        found = source.scalar(text("SELECT version_num FROM alembic_version"))
    except DBAPIError as error:
        raise click.ClickException("来源不是本系统的数据库，或正被占用。请先停止服务") from error
    if found != readiness.newest_migration():
        raise click.ClickException(
            f"来源数据库的版本是 {found}，程序需要 {readiness.newest_migration()}：请先对来源运行 flask init"
        )


def _claim_target(tables: Sequence[Table]) -> None:
    """An empty target, or one that an interrupted copy was filling."""
    if heartbeats.last(UNDER_WAY) is None:
        for table in PEOPLE:
            if db.session.scalar(select(func.count()).select_from(table)):
                raise click.ClickException(
                    f"目标数据库里已有数据（{table.__tablename__}），没有复制。请换一个空的数据库"
                )
        for copied in reversed(tables):
            db.session.execute(delete(copied))  # a migration brought it
        heartbeats.beat(UNDER_WAY)
        db.session.commit()
    db.session.remove()
