"""``flask legacy``: the old register (原有会计从业资格证人员)."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from commands import register_work
from commands.report import progress, reporting
from lib import identity
from lib.clock import today
from lib.database import transaction_mode
from models import db
from services.accounts import activation_codes, legacy_claim
from services.old_register import batches, reading
from services.old_register.findings import WORDS

group = AppGroup("legacy", help="原有持证人名册：导入、撤销导入、发放激活码。")
group.add_command(register_work.work)


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sheet", help="工作簿里的工作表名称；不写则用第一个有内容的。")
@click.option("--dry-run", is_flag=True, help="只检查每一行，不导入。")
@reporting
def import_(file: Path, sheet: str | None, dry_run: bool) -> None:
    """导入名册文件 FILE（CSV、TXT、xlsx、xls、ods）。

    必有的列：姓名、证件号码；可有的列：证书编号、档案号、发证日期、发证机关、手机号码、单位。

    有错误或冲突的行跳过并列出，其余一次导入。改好后再导入同一文件，只补上缺的。
    """
    gc.freeze()  # the application: else the collector would look at it again every few hundred rows
    source = reading.open_source(lambda: file.open("rb"), sheet)
    for title in source.unknown:
        click.echo(f"未使用的列：{title}")
    with transaction_mode("DEFERRED" if dry_run else "IMMEDIATE"), progress("读取", source.lines) as step:
        result = batches.import_source(
            source, today(), dry_run=dry_run, found=_print_finding, progress=step, scratch=current_app.config["DATA"]
        )
        db.session.rollback() if dry_run else db.session.commit()
    words = "可导入" if dry_run else "已导入"
    click.echo(
        f"共 {result.rows} 行：{words} {result.imported} 人，跳过 {result.left_out} 行，"
        f"未采用的值 {result.warnings} 个；{result.unproven} 人没有凭证，只能凭激活码领取"
    )
    if result.imported and not dry_run:
        click.echo(f"批次 {result.batch}；还没有人领取时，可用 flask legacy undo {result.batch} 撤销")


def _print_finding(finding: batches.Finding) -> None:
    click.echo(f"第 {finding.line} 行：{WORDS[finding.kind]}：{finding.text}")


@group.command("undo")
@click.argument("batch")
@reporting
def undo(batch: str) -> None:
    """撤销批次 BATCH 的全部记录；有人已领取时不能撤销。"""
    removed = batches.undo(batch)
    db.session.commit()
    click.echo(f"已删除 {removed} 条记录")


@group.command("code")
@click.argument("number")
@reporting
def code(number: str) -> None:
    """给原有持证人员发放激活码；NUMBER 是证件号码（- 从标准输入读）。"""
    typed = sys.stdin.readline() if number == "-" else number
    holder = legacy_claim.claimable(identity.sign_in_number(typed))
    if holder is None:
        raise click.ClickException("没有这个证件号码的原有记录，或者已被领取；请核对号码")
    issued = activation_codes.issue(holder, None)
    db.session.commit()
    click.echo(f"{holder.name}：{issued}（7 天内有效，只能用一次）")
