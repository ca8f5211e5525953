"""What the tests of imports share."""

from __future__ import annotations

from datetime import date

import pytest

from models import db
from services.old_register import batches
from services.old_register.batches import Finding, ImportResult
from services.old_register.reading import open_source


@pytest.fixture
def bring_in(app, tmp_path):
    """Import lines of CSV; returns the result and what was found."""

    def run(*lines: str, encoding: str = "utf-8", dry_run: bool = False) -> tuple[ImportResult, list[Finding]]:
        path = tmp_path / "register.csv"
        path.write_bytes("\r\n".join(lines).encode(encoding))
        findings: list[Finding] = []
        source = open_source(lambda: path.open("rb"))
        result = batches.import_source(source, date(2026, 11, 23), dry_run=dry_run, found=findings.append)
        db.session.commit()
        return result, findings

    return run
