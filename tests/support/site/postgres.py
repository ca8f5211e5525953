"""A PostgreSQL server of our own for tests marked ``postgres``: a throw-away folder, a free port on 127.0.0.1.

tests/conftest.py has its fixtures. They skip where no server program is installed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
from sqlalchemy import text

from models import db
from services.departments.reference_data import load_reference_data
from tests.support.patience import PATIENCE_S
from tests.support.site.pool import Pool
from tests.support.site.served import free_port

SETTINGS = """
listen_addresses = '127.0.0.1'
fsync = off  # the folder is thrown away; what must survive a crash is tested on a server with its defaults
full_page_writes = off
max_connections = 100
shared_buffers = 64MB
log_min_messages = warning
timezone = 'UTC'
"""


def find_programs() -> Path | None:
    """The folder of initdb and pg_ctl: on the PATH, or Debian's newest, which is not."""
    on_path = shutil.which("initdb")
    newest_first = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    places = ([Path(on_path).resolve().parent] if on_path else []) + newest_first
    return next((place for place in places if (place / "initdb").exists() and (place / "pg_ctl").exists()), None)


def unprivileged_user() -> str | None:
    """Who the server runs as: it refuses root. None for the current user."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def waits_for_a_lock() -> bool:
    """Whether a connection to the application's database waits for another one's lock.

    Each look is a transaction of its own: within one, PostgreSQL goes on telling what it saw first.
    """
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with db.engine.connect() as onlooker:
        return bool(onlooker.scalar(text(waiting)))


class Server:
    """One server process and its folder; ``url`` is its empty database ``kuaiji``."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.user = unprivileged_user()
        # Not pytest's folder: that one is closed to other users, and so to a server that root starts.
        self.home = Path(tempfile.mkdtemp(prefix="kuaiji-pg-"))
        self.port = free_port()
        self.url = self.url_of("kuaiji")

    def url_of(self, database: str) -> str:
        return f"postgresql+psycopg://kuaiji@127.0.0.1:{self.port}/{database}"

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        extra: dict[str, Any] = {}
        if self.user:
            extra = {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        environ = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        done = subprocess.run(command, cwd="/", env=environ, capture_output=True, text=True, check=False, **extra)
        if done.returncode:
            log = self.home / "log"
            raise RuntimeError(f"{program}: {done.stderr}\n{log.read_text() if log.exists() else ''}")

    def start(self) -> None:
        data = self.home / "data"
        if self.user:
            shutil.chown(self.home, self.user)
        self.run("initdb", "-D", str(data), "-U", "kuaiji", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        with (data / "postgresql.conf").open("a") as conf:
            conf.write(f"{SETTINGS}port = {self.port}\nunix_socket_directories = '{self.home}'\n")
        self.run("pg_ctl", "start", "-D", str(data), "-l", str(self.home / "log"), "-w", "-t", str(PATIENCE_S))
        self.command("CREATE DATABASE kuaiji")

    def restart(self, mode: str) -> None:
        """``fast``: what is on its way is undone; ``immediate``: as after a crash."""
        log = str(self.home / "log")
        self.run("pg_ctl", "restart", "-D", str(self.home / "data"), "-m", mode, "-l", log, "-w", "-t", str(PATIENCE_S))

    def stop(self) -> None:
        """Ends the server and removes its folder, also after a start that failed half-way."""
        if (self.home / "data" / "postmaster.pid").exists():
            self.run("pg_ctl", "stop", "-D", str(self.home / "data"), "-m", "immediate", "-w")
        shutil.rmtree(self.home, ignore_errors=True)

    def command(self, sql: str) -> None:
        """Runs one statement in the maintenance database, outside of a transaction."""
        address = f"host=127.0.0.1 port={self.port} user=kuaiji dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.encode())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server program found (initdb, pg_ctl); Debian: apt-get install postgresql")
    server = Server(programs)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Server) -> str:
    """The address of one database that all tests of this process share, for KUAIJI_DATABASE_URL."""
    return postgres_server.url


@pytest.fixture
def postgres_database(postgres_server: Server) -> Iterator[str]:
    """The address of an empty database of the test's own; dropped afterwards with everything still connected."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    postgres_server.command(f"CREATE DATABASE {name}")
    yield postgres_server.url_of(name)
    postgres_server.command(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Server, pool: Pool) -> str:
    """The name of a database with empty tables and reference data, which others are copied from."""
    postgres_server.command("CREATE DATABASE template_of_tests")
    app = pool.take(DATABASE_URL=postgres_server.url_of("template_of_tests"))
    with app.app_context():
        db.create_all()
        flask_migrate.stamp()
        load_reference_data(Path(app.root_path) / "data")
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return "template_of_tests"


@pytest.fixture
def postgres_copy(postgres_server: Server, postgres_template: str) -> str:
    """The address of a copy of the template; the same address for each test."""
    postgres_server.command("DROP DATABASE IF EXISTS copy_of_template WITH (FORCE)")
    postgres_server.command(f"CREATE DATABASE copy_of_template TEMPLATE {postgres_template}")
    return postgres_server.url_of("copy_of_template")
