"""``flask province``: several provinces in one PostgreSQL database, each with a schema and roles of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from commands.report import reporting
from lib.database import engine_options, provinces
from services.reports import nation

ADMINISTRATOR = click.option(
    "--url", required=True, envvar="KUAIJI_ADMIN_URL", help="数据库管理员的地址：postgresql+psycopg://..."
)


@click.group("province")
def group() -> None:
    """一个 PostgreSQL 数据库里的各省：新建、列出、跨省统计。"""


@group.command("create")
@click.argument("name")
@ADMINISTRATOR
@click.option(
    "--folder",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=".",
    show_default=True,
    help="设置文件写在哪个目录。",
)
@reporting
def create(name: str, url: str, folder: Path) -> None:
    """新建模式 NAME、它的所有者和提供服务的角色，设置写入 NAME.env 和 NAME-owner.env。"""
    _check_name(name)
    files = folder / f"{name}.env", folder / f"{name}-owner.env"
    if found := [str(file) for file in files if file.exists()]:
        raise click.ClickException(f"文件已存在：{found[0]}。请换一个目录，或先移走这个文件")
    with _connected(url) as connection:
        if provinces.exists(connection, name):
            raise click.ClickException(f"数据库里已有名为 {name} 的模式或角色，没有新建。请换一个名称")
        made = provinces.create(connection, name)
        address = connection.engine.url
        _write(files[0], _settings(name, address, made))
        _write(files[1], [_database(address, made.owner, made.owner_password)])
    click.echo(f"已建立 {name}。设置写在 {files[0]}，只在运行 flask init 和轮换密钥时再加上 {files[1]}")


@group.command("list")
@ADMINISTRATOR
@reporting
def list_provinces(url: str) -> None:
    """列出每个省的模式、所有者和数据库版本。"""
    with _connected(url) as connection:
        for province in provinces.listed(connection):
            click.echo(f"{province.schema}  {province.owner}  {province.migration or '尚未运行 flask init'}")


@group.command("totals")
@ADMINISTRATOR
@reporting
def totals(url: str) -> None:
    """每个省各种状态的申报各有多少。"""
    with _connected(url) as connection:
        for row in nation.totals(connection, _installed(connection)):
            click.echo(f"{row.province}  {row.status}  {row.count}")


@group.command("latest")
@ADMINISTRATOR
@click.option("--count", type=click.IntRange(1, 1000), default=20, show_default=True, help="列出多少条。")
@reporting
def latest(url: str, count: int) -> None:
    """全国最近提交的申报：省、编号、状态、日期，没有姓名。"""
    with _connected(url) as connection:
        for row in nation.latest(connection, _installed(connection), count):
            click.echo(f"{row.province}  {row.number}  {row.status}  {row.submitted_at:%Y-%m-%d}")


def _installed(connection: Connection) -> list[str]:
    return [province.schema for province in provinces.listed(connection) if province.migration]


def _check_name(name: str) -> None:
    if not provinces.NAME.fullmatch(name) or name.startswith("pg_") or name == "public":
        raise click.ClickException("名称应由小写字母、数字和下划线组成，以字母开头，最多 48 个字符")


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """One transaction: a province that is made in half is not there."""
    try:
        address = make_url(url)
        if address.get_backend_name() != "postgresql":
            raise ArgumentError
    except ArgumentError as error:
        raise click.ClickException("--url 应是 PostgreSQL 的地址：postgresql+psycopg://...") from error
    engine = create_engine(address, **engine_options(url))
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise click.ClickException(f"数据库拒绝：{str(error.orig).splitlines()[0]}") from error
    finally:
        engine.dispose()


def _settings(name: str, address: URL, made: provinces.Logins) -> list[str]:
    return [
        _database(address, made.role, made.role_password),
        f"KUAIJI_SCHEMA={name}",
        f"KUAIJI_DATA=instance-{name}",
        f"KUAIJI_UPLOADS=uploads-{name}",
        f"KUAIJI_SECRET_KEY={secrets.token_hex(32)}",
    ]


def _database(address: URL, role: str, password: str) -> str:
    url = address.set(username=role, password=password).render_as_string(hide_password=False)
    return f"KUAIJI_DATABASE_URL={url}"


def _write(file: Path, lines: list[str]) -> None:
    with open(file, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as new:
        new.write("\n".join(lines) + "\n")
