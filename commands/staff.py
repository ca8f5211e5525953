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

group = AppGroup("staff", help="Create and change the accounts of officers and administrators.")
ROLES = [role.value for role in Role if role != Role.APPLICANT]


def _line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _password(from_stdin: bool) -> str:
    """The new password: from a line of standard input, or typed twice."""
    return _line() if from_stdin else str(click.prompt("登录密码", hide_input=True, confirmation_prompt="再输入一次"))


def _print_secret(username: str, secret: str) -> None:
    click.echo(f"TOTP secret (shown once): {secret}")
    click.echo(staff.otpauth(username, secret))


@group.command("create")
@click.argument("username")
@click.option("--name", required=True, help="Displayed name.")
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--department", required=True, metavar="CODE", help="Department code, such as 210102.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, else ask for it.")
@click.option(
    "--id-number-stdin",
    is_flag=True,
    help="Then read the officer's own ID number, to exclude their own file from review.",
)
@reporting
def create(username: str, name: str, role: str, department: str, password_stdin: bool, id_number_stdin: bool) -> None:
    """Create an account; print the secret of its second factor once."""
    password_hash = staff.checked_hash(_password(password_stdin), name)
    number = identity.normalise_number(IdType.RESIDENT, _line()) if id_number_stdin else ""
    if id_number_stdin and (wrong := identity.number_problem(IdType.RESIDENT, number, today())):
        raise click.ClickException(wrong)
    _row, secret = staff.create(staff.NewStaff(username, name, Role(role), department, number), password_hash)
    db.session.commit()
    click.echo(f"{username} was created")
    _print_secret(username, secret)


@group.command("set-number")
@click.argument("username")
@reporting
def set_number(username: str) -> None:
    """Read the officer's own ID number from standard input; it excludes their own file from review."""
    number = identity.normalise_number(IdType.RESIDENT, _line())
    if wrong := identity.number_problem(IdType.RESIDENT, number, today()):
        raise click.ClickException(wrong)
    staff.set_number(username, number)
    db.session.commit()
    click.echo(f"{username} has a number")


@group.command("disable")
@click.argument("username")
@reporting
def disable(username: str) -> None:
    """Block sign-in with the account, end its sessions, and put back what the officer holds."""
    returned = staff_accounts.disable(staff.by_username(username), None)
    db.session.commit()
    click.echo(f"{username} is disabled")
    _say_returned(returned)


def _say_returned(count: int) -> None:
    if count:
        click.echo(f"submissions back in the queue: {count}")


@group.command("enable")
@click.argument("username")
@reporting
def enable(username: str) -> None:
    """Let a disabled account sign in again."""
    staff_accounts.enable(staff.by_username(username), None)
    db.session.commit()
    click.echo(f"{username} may sign in again")


@group.command("move")
@click.argument("username")
@click.option("--role", type=click.Choice(ROLES), help="Else the role stays.")
@click.option("--department", metavar="CODE", help="Else the department stays.")
@reporting
def move(username: str, role: str | None, department: str | None) -> None:
    """Give another role or department, end the sessions, and put back what the officer holds."""
    row = staff.by_username(username)
    returned = staff_accounts.move(row, None, Role(role or row.role), department or row.department.code)
    db.session.commit()
    click.echo(f"{username} is {row.role} at {row.department.code}")
    _say_returned(returned)


@group.command("unlock")
@click.argument("username")
@reporting
def unlock(username: str) -> None:
    """Forget the failed sign-ins of the account."""
    staff_accounts.unlock(staff.by_username(username), None)
    db.session.commit()
    click.echo(f"{username} may try again")


@group.command("list")
@click.option("--department", metavar="CODE", default="", help="Only of this department and those below it.")
@reporting
def list_accounts(department: str) -> None:
    """List the accounts: user name, role, department, state, last sign-in (UTC), second factor, name."""
    with transaction_mode("DEFERRED"):
        for row in staff_accounts.everybody(department):
            seen = f"{row.last_sign_in_at:%Y-%m-%d %H:%M}" if row.last_sign_in_at else "never"
            state, factor = "active" if row.active else "disabled", "totp" if row.totp_secret_sealed else "no totp"
            click.echo("\t".join((row.username, row.role, row.department.code, state, seen, factor, row.name)))


@group.command("reset-password")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, else ask for it.")
@reporting
def reset_password(username: str, password_stdin: bool) -> None:
    """Set a new password, and end the account's sessions."""
    name = staff.by_username(username).name
    db.session.rollback()  # no transaction while waiting for input
    staff.reset_password(username, staff.checked_hash(_password(password_stdin), name))
    db.session.commit()
    click.echo(f"{username} has a new password")


@group.command("reset-totp")
@click.argument("username")
@reporting
def reset_totp(username: str) -> None:
    """Set a new second factor and print it once; recovery codes are deleted."""
    secret = staff.reset_totp(username)
    db.session.commit()
    _print_secret(username, secret)
