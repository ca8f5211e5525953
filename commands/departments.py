"""``flask departments``: the tree as text, and what is wrong in it."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from commands.report import reporting
from services.departments import administration, office_tree, tree
from services.workflow import department_changes

group = AppGroup("departments", help="会计管理部门。")


@group.command("list")
@click.option("--without-phone", is_flag=True, help="只列出在用而没有电话的部门。")
@reporting
def list_departments(without_phone: bool) -> None:
    """按上下级列出部门，每行一个：代码、名称、负责的区划、电话、状态。"""
    for row in tree.load().rows:
        if without_phone and not office_tree.lacks_phone(row):
            continue
        state = "" if row.active else "尚未启用" if row.is_planned else "已撤销"
        depth = "  " * (row.path.count("/") - 1)
        click.echo("\t".join((f"{depth}{row.code}", row.name, office_tree.covers(row), row.phone, state)).rstrip())


@group.command("check")
@reporting
def check() -> None:
    """检查有没有区县没有部门负责、有没有部门不负责任何区划；有问题时退出码为 1。

    同时提示（不算问题）：哪些直属部门还没有区划，新部门启用时哪些人会转过去。
    """
    for change in department_changes.coming():
        counts = f"已提交 {change.open} 份，未提交 {change.choosing} 份，档案 {change.records} 份"
        way = f"{change.before.code} -> {change.after.code}"
        click.echo(f"{change.on} {way}：{change.place}（{counts}）")
    for note in administration.notes():
        click.echo(note)
    if problems := administration.problems():
        raise click.ClickException("\n".join(problems))
    click.echo("每个区县都有部门负责")
