"""Two installations for the tests of back-ups: one that has something, and one that has nothing."""

from __future__ import annotations

from collections.abc import Iterator

import flask_migrate
import pytest
from flask import Flask

from tests.support.site import backups as drill
from tests.support.site.backups import PUBLIC, Kept
from tests.support.site.served import free_port


@pytest.fixture
def kept(app, make, tmp_path) -> Kept:
    flask_migrate.stamp()
    app.config |= {"BACKUP_RECIPIENTS": (PUBLIC,), "PORT": free_port()}
    make.papers(make.declaration())
    return Kept(app, tmp_path)


@pytest.fixture
def empty(tmp_path) -> Iterator[Flask]:
    """Another machine: keys of its own, no database."""
    app = drill.installation(tmp_path / "other")
    yield app
    with drill.entered(app):
        pass
