"""The job of P9's import: the application as ``python -m legacy import`` loads it, and nothing else of the bench."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from time import process_time

from bench import process
from bench.cold_start import settings
from lib.clock import today
from lib.database import transaction_mode
from models import db
from services.old_register import batches, reading


def _import(file: Path, folder: Path) -> None:
    os.environ |= settings(folder)
    import legacy

    with legacy.load().app_context(), transaction_mode("IMMEDIATE"):
        gc.freeze()
        before = process_time()
        source = reading.open_source(lambda: file.open("rb"))
        result = batches.import_source(source, today(), scratch=folder)
        db.session.commit()
        process.tell(job=process_time() - before, rows=result.imported)


if __name__ == "__main__":
    _import(Path(sys.argv[1]), Path(sys.argv[2]))
