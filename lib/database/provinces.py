"""Several installations in one PostgreSQL database: each has a schema, its owner, and a role that serves it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")  # needs no quotes
MARK = "kuaiji province"  # the comment of a schema that is one
_LIST = text(
    "SELECT n.nspname, pg_get_userbyid(n.nspowner) FROM pg_namespace n"
    " WHERE obj_description(n.oid, 'pg_namespace') = :mark ORDER BY 1"
)
_OTHERS = text(
    "SELECT DISTINCT grantee FROM information_schema.role_table_grants WHERE table_schema = current_schema()"
    " AND table_name = :table AND grantee <> current_user AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE')"
)


@dataclass(frozen=True)
class Province:
    schema: str
    owner: str
    migration: str | None  # None: flask init has not run


@dataclass(frozen=True)
class Logins:
    """Passwords of the roles that were made: they are shown to nobody and written to files."""

    owner: str
    owner_password: str
    role: str
    role_password: str


def exists(connection: Connection, name: str) -> bool:
    found = (
        "SELECT 1 FROM pg_namespace WHERE nspname = :name UNION SELECT 1 FROM pg_roles WHERE rolname IN (:name, :own)"
    )
    return connection.scalar(text(found), {"name": name, "own": f"{name}_owner"}) is not None


def create(connection: Connection, name: str) -> Logins:
    """``name`` needs no quotes (config.py). The role may add rows everywhere and changes what it is granted to."""
    made = Logins(f"{name}_owner", secrets.token_urlsafe(24), name, secrets.token_urlsafe(24))
    for role, password in ((made.owner, made.owner_password), (made.role, made.role_password)):
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD '{_hashed(connection, role, password)}'")
        connection.exec_driver_sql(f"ALTER ROLE {role} SET search_path = {name}")
    rights = f"ALTER DEFAULT PRIVILEGES FOR ROLE {made.owner} IN SCHEMA {name} GRANT"
    for statement in (
        f"CREATE SCHEMA {name} AUTHORIZATION {made.owner}",
        f"COMMENT ON SCHEMA {name} IS '{MARK}'",
        f"GRANT USAGE ON SCHEMA {name} TO {made.role}",
        f"{rights} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {made.role}",
        f"{rights} USAGE, SELECT, UPDATE ON SEQUENCES TO {made.role}",
    ):
        connection.exec_driver_sql(statement)
    return made


def _hashed(connection: Connection, role: str, password: str) -> str:
    """A log of the server's statements must not hold the password."""
    driver: Any = connection.connection.driver_connection
    return str(driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode())


def listed(connection: Connection) -> Iterator[Province]:
    for schema, owner in connection.execute(_LIST, {"mark": MARK}).all():
        there = connection.scalar(
            text("SELECT to_regclass(:table) IS NOT NULL"), {"table": f"{schema}.alembic_version"}
        )
        version = f"SELECT version_num FROM {schema}.alembic_version"  # noqa: S608 - a name without quotes
        yield Province(schema, owner, connection.exec_driver_sql(version).scalar() if there else None)


def keep_unchanged(connection: Connection, tables: Iterable[str]) -> None:
    """Whoever serves may add rows to these tables, and change none. The owner does, to rotate keys."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        for role in connection.scalars(_OTHERS, {"table": table}).all():
            quoted = connection.dialect.identifier_preparer.quote(role)
            connection.exec_driver_sql(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {quoted}")
