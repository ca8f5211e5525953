"""``flask staff``: the first accounts of the office, and help for those who are locked out."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from commands.report import reporting
from lib import identity
from lib.clock import today
from lib.codes import IdType, Role
from lib.database import transaction_mode
from models import db
from services.accounts import staff
from services.administration import staff_accounts

group = AppGroup("staff", help="工作人员账号：新建、更改。")
ROLES = [role.value for role in Role if role != Role.APPLICANT]
ROLE_HELP = "；".join(f"{role.value} {role.label}" for role in Role if role != Role.APPLICANT)


def _line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _password(from_stdin: bool) -> str:
    """The new password: from a line of standard input, or typed twice."""
    return _line() if from_stdin else str(click.prompt("登录密码", hide_input=True, confirmation_prompt="再输入一次"))


def _print_secret(username: str, secret: str) -> None:
    click.echo(f"动态验证码密钥（只显示这一次）：{secret}")
    click.echo(staff.otpauth(username, secret))


@group.command("create")
@click.argument("username")
@click.option("--name", required=True, help="姓名。")
@click.option("--role", required=True, type=click.Choice(ROLES), help=ROLE_HELP)
@click.option("--department", required=True, metavar="CODE", help="部门代码，例如 210102。")
@click.option("--password-stdin", is_flag=True, help="从标准输入读密码；不写则询问。")
@click.option(
    "--id-number-stdin",
    is_flag=True,
    help="接着从标准输入读本人的证件号码，以便不审核自己的申报。",
)
@reporting
def create(username: str, name: str, role: str, department: str, password_stdin: bool, id_number_stdin: bool) -> None:
    """新建账号；动态验证码密钥只显示一次。"""
    password_hash = staff.checked_hash(_password(password_stdin), name)
    number = identity.normalise_number(IdType.RESIDENT, _line()) if id_number_stdin else ""
    if id_number_stdin and (wrong := identity.number_problem(IdType.RESIDENT, number, today())):
        raise click.ClickException(wrong)
    _row, secret = staff.create(staff.NewStaff(username, name, Role(role), department, number), password_hash)
    db.session.commit()
    click.echo(f"已新建 {username}")
    _print_secret(username, secret)


@group.command("set-number")
@click.argument("username")
@reporting
def set_number(username: str) -> None:
    """从标准输入读本人的证件号码；有了它，本人不会审核自己的申报。"""
    number = identity.normalise_number(IdType.RESIDENT, _line())
    if wrong := identity.number_problem(IdType.RESIDENT, number, today()):
        raise click.ClickException(wrong)
    staff.set_number(username, number)
    db.session.commit()
    click.echo(f"已录入 {username} 的证件号码")


@group.command("disable")
@click.argument("username")
@reporting
def disable(username: str) -> None:
    """停用账号，退出登录，并把正在办理的申报放回待办。"""
    returned = staff_accounts.disable(staff.by_username(username), None)
    db.session.commit()
    click.echo(f"已停用 {username}")
    _say_returned(returned)


def _say_returned(count: int) -> None:
    if count:
        click.echo(f"放回待办的申报：{count} 份")


@group.command("enable")
@click.argument("username")
@reporting
def enable(username: str) -> None:
    """重新启用已停用的账号。"""
    staff_accounts.enable(staff.by_username(username), None)
    db.session.commit()
    click.echo(f"已启用 {username}")


@group.command("move")
@click.argument("username")
@click.option("--role", type=click.Choice(ROLES), help="不写则角色不变。")
@click.option("--department", metavar="CODE", help="不写则部门不变。")
@reporting
def move(username: str, role: str | None, department: str | None) -> None:
    """更改角色或部门，退出登录，并把正在办理的申报放回待办。"""
    row = staff.by_username(username)
    returned = staff_accounts.move(row, None, Role(role or row.role), department or row.department.code)
    db.session.commit()
    click.echo(f"{username} 现在是 {row.department.code} 的{Role(row.role).label}（{row.role}）")
    _say_returned(returned)


@group.command("unlock")
@click.argument("username")
@reporting
def unlock(username: str) -> None:
    """清除账号登录失败的次数。"""
    staff_accounts.unlock(staff.by_username(username), None)
    db.session.commit()
    click.echo(f"{username} 可以重新登录")


@group.command("list")
@click.option("--department", metavar="CODE", default="", help="只列出这个部门和它的下级。")
@reporting
def list_accounts(department: str) -> None:
    """列出账号：用户名、角色、部门、状态、上次登录（UTC）、动态验证码、姓名。"""
    with transaction_mode("DEFERRED"):
        for row in staff_accounts.everybody(department):
            seen = f"{row.last_sign_in_at:%Y-%m-%d %H:%M}" if row.last_sign_in_at else "从未登录"
            state, factor = "在用" if row.active else "停用", "有验证码" if row.totp_secret_sealed else "无验证码"
            click.echo("\t".join((row.username, row.role, row.department.code, state, seen, factor, row.name)))


@group.command("reset-password")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="从标准输入读密码；不写则询问。")
@reporting
def reset_password(username: str, password_stdin: bool) -> None:
    """设置新密码，并退出登录。"""
    name = staff.by_username(username).name
    db.session.rollback()  # no transaction while waiting for input
    staff.reset_password(username, staff.checked_hash(_password(password_stdin), name))
    db.session.commit()
    click.echo(f"已设置 {username} 的新密码")


@group.command("reset-totp")
@click.argument("username")
@reporting
def reset_totp(username: str) -> None:
    """设置新的动态验证码密钥，只显示一次；备用恢复码同时作废。"""
    secret = staff.reset_totp(username)
    db.session.commit()
    _print_secret(username, secret)
