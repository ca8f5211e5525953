"""``flask staff``: the first accounts of the office, and help for those who are locked out."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from commands.report import reporting
from lib import identity
from lib.clock import today
from lib.codes import IdType, Role
from models import db
from services.accounts import staff

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
    password = _password(password_stdin)
    number = identity.normalise_number(IdType.RESIDENT, _line()) if id_number_stdin else ""
    if id_number_stdin and (wrong := identity.number_problem(IdType.RESIDENT, number, today())):
        raise click.ClickException(wrong)
    _row, secret = staff.create(username, name, Role(role), department, password, id_number=number)
    db.session.commit()
    click.echo(f"{username} was created")
    _print_secret(username, secret)


@group.command("disable")
@click.argument("username")
@reporting
def disable(username: str) -> None:
    """Block sign-in with the account, and end its sessions."""
    staff.disable(username)
    db.session.commit()
    click.echo(f"{username} is disabled")


@group.command("reset-password")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, else ask for it.")
@reporting
def reset_password(username: str, password_stdin: bool) -> None:
    """Set a new password, and end the account's sessions."""
    staff.by_username(username)
    db.session.rollback()  # no transaction while waiting for input
    staff.reset_password(username, _password(password_stdin))
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
