"""How the text of a setting is read. Each reader raises ValueError with what it expects, in the operator's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


def yes(value: str) -> bool:
    if value.lower() in ("yes", "true", "1", "on"):
        return True
    if value.lower() in ("no", "false", "0", "off"):
        return False
    raise ValueError("yes 或 no")


def whole(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError("整数")
    return int(value)


def up_to(most: int, expected: str) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,3}", value) or int(value) > most:
            raise ValueError(expected)
        return int(value)

    return read


def hour_or_off(value: str) -> int | None:
    return None if value == "off" else up_to(23, "0 至 23 点，或 off")(value)


def listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def networks(value: str) -> tuple[Any, ...]:
    try:
        return tuple(ip_network(part, strict=False) for part in listed(value))
    except ValueError:
        raise ValueError("网段，例如 192.0.2.0/24 或 2001:db8::/48，几个之间用逗号隔开") from None


CLAIM_FACTORS = ("sms_on_file", "activation_code", "archive_no", "id_picture", "none")


def factors(value: str) -> tuple[str, ...]:
    factors = listed(value)
    if not factors or any(factor not in CLAIM_FACTORS for factor in factors):
        raise ValueError(f"用逗号隔开的一项或几项：{'、'.join(CLAIM_FACTORS)}")
    return factors


def one_of(*choices: str) -> Callable[[str], str]:
    expected = f"{'、'.join(choices[:-1])} 或 {choices[-1]}"

    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(expected)
        return value

    return read


def totp(value: str) -> bool:
    return one_of("required", "off")(value) == "required"


def pair(separator: str, expected: str) -> Callable[[str], tuple[int, int]]:
    def read(value: str) -> tuple[int, int]:
        if not (found := re.fullmatch(rf"([1-9][0-9]{{0,3}}){separator}([1-9][0-9]{{0,3}})", value.strip().lower())):
            raise ValueError(expected)
        return int(found[1]), int(found[2])

    return read


def kilobytes(value: str) -> int:
    if not 10 <= (kilobytes := whole(value)) <= 10_000:
        raise ValueError("10 至 10000 的整数")
    return kilobytes


def pattern(value: str) -> re.Pattern[str] | None:
    try:
        return re.compile(value) if value else None
    except re.error:
        raise ValueError("正则表达式") from None


def if_any(parse: Callable[[str], Any]) -> Callable[[str], str]:
    """A text that this can parse, or none."""

    def read(value: str) -> str:
        if value:
            parse(value)
        return value

    return read


def database_url(value: str) -> str:
    """Empty, or of an engine that the migrations are written for. The message does not repeat it: it has a password."""
    expected = "postgresql+psycopg://用户:密码@主机/库名；使用 SQLite 时留空"
    try:
        engine = make_url(value).drivername if value else "sqlite"
    except (ArgumentError, ValueError) as error:
        raise ValueError(expected) from error
    if engine not in ("sqlite", "postgresql", "postgresql+psycopg"):
        raise ValueError(expected)
    return value


def replica_url(value: str) -> str:
    if value and not database_url(value).startswith("postgresql"):
        raise ValueError("postgresql+psycopg://用户:密码@主机/库名")
    return value


def schema(value: str) -> str:
    """A name that needs no quotes in any statement."""
    if value and (not re.fullmatch(r"[a-z][a-z0-9_]{0,47}", value) or value.startswith("pg_")):
        raise ValueError("最多 48 个小写字母、数字和下划线，以字母开头，不以 pg_ 开头")
    return value


def letters(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{1,4}", value):
        raise ValueError("一至四个大写字母")
    return value
