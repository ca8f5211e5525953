"""``flask demo``: invented people for trying everything. Refused in production."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import click
from flask import current_app
from sqlalchemy import select

from commands.report import progress, reporting
from commands.storage import store
from lib.database import transaction_mode
from lib.files import locked
from models import Account, Staff, db


@click.command("demo")
@click.option("--people", default=40, show_default=True, type=click.IntRange(0, 500), help="申报人数量。")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="换一个数，生成另一批人。")
@click.option("--if-empty", is_flag=True, help="只在数据库为空时生成。")
@click.option("--quiet", is_flag=True, help="不列出账号；flask serve 会列出。")
@reporting
def command(people: int, seed: int, if_empty: bool, quiet: bool) -> None:
    """生成虚构的演示数据：各种状态的申报人及材料、工作人员、原有持证人员；并列出账号。"""
    if current_app.config["ENV"] == "production":
        raise click.ClickException("正式环境（KUAIJI_ENV=production）不能生成演示数据；请换一个测试环境")
    lock = Path(current_app.config["DATA"]) / "demo.lock"
    lock.touch(mode=0o600)
    with locked(lock):  # a second `make run` waits, and then finds the accounts of the first
        if not (if_empty and _has_accounts()):
            _load(people, seed)
    if not quiet:
        with transaction_mode("DEFERRED"):
            print_accounts()


def _has_accounts() -> bool:
    with transaction_mode("DEFERRED"):
        found = db.session.scalar(select(Account.id).limit(1)) or db.session.scalar(select(Staff.id).limit(1))
        db.session.rollback()
    return found is not None


def _load(people: int, seed: int) -> None:
    from demo import accounts as demo_accounts
    from demo import load as demo_load

    config = current_app.config
    days = config["REVIEW_DAYS"], config["ASSISTANCE_DAYS"]
    how = demo_load.Demo(config["SECRET_KEY"], store(), *days, config["BASE_URL"])
    with progress("生成演示数据", 2 * people) as step:
        added = demo_load.load(how, people, seed, step)
    code = demo_accounts.issue_code()
    db.session.commit()
    click.echo(f"已生成 {added} 人")
    if code:
        click.echo(f"激活码(只显示这一次): {code[0]} {code[1]}")


def print_accounts() -> None:
    """The demo accounts of the database, with the current codes of their second factor."""
    from demo import accounts as demo_accounts

    config = current_app.config
    staff = demo_accounts.staff_lines(config["SECRET_KEY"])
    people = demo_accounts.person_lines(config["SECRET_KEY"])
    old = demo_accounts.legacy_lines()
    address = f"http://{config['HOST']}:{config['PORT']}"
    _table(f"演示账号：工作人员 {address}/staff/login", ("用户名", "姓名", "角色", "部门", "登录密码", "验证码"), staff)
    _table(f"演示账号：申报人 {address}/login", ("姓名", "证件号码", "登录密码", "状态"), people)
    _table(
        f"原有会计从业资格证人员 {address}/claim (激活码: flask legacy code 证件号码)",
        ("姓名", "证件号码", "档案号(证书编号)", "发证年月"),
        old,
    )


def _table(title: str, header: Sequence[str], rows: Sequence[object]) -> None:
    """``rows`` are records with one field for each column."""
    if not rows:
        return
    lines = [tuple(header), *(tuple(vars(row).values()) for row in rows)]
    widths = [max(_width(line[place]) for line in lines) for place in range(len(header))]
    click.echo(f"\n{title}")
    for line in lines:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)]
        click.echo("  " + "  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Columns of a terminal; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
