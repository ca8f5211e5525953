"""The job of P9's import: the application as ``flask legacy import`` loads it, and nothing else of the bench."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from time import process_time

import click

from app import create_app
from bench import process
from bench.cold_start import settings
from config import Config
from lib.clock import today
from lib.database import transaction_mode
from models import db
from services.old_register import batches, reading


def _import(file: Path, folder: Path) -> None:
    app = create_app(Config(settings(folder)))
    assert app.cli.get_command(click.Context(app.cli), "legacy")
    with app.app_context(), transaction_mode("IMMEDIATE"):
        gc.freeze()
        before = process_time()
        source = reading.open_source(lambda: file.open("rb"))
        result = batches.import_source(source, today())
        db.session.commit()
        process.tell(job=process_time() - before, rows=result.imported)


if __name__ == "__main__":
    _import(Path(sys.argv[1]), Path(sys.argv[2]))
