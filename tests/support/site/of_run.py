"""What the workers of one run share: a folder, and what the first of them to need it makes there for all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lib.files import locked


def folder_of_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one worker alone it is the folder of that worker."""
    of_worker = tmp_path_factory.getbasetemp()
    return of_worker.parent if "PYTEST_XDIST_WORKER" in os.environ else of_worker


def made_once(place: Path, make: Callable[[Path], None]) -> Path:
    """``place``, which ``make`` fills; workers that come meanwhile wait. One that fails leaves it to the next."""
    place.parent.mkdir(exist_ok=True)
    with locked(place.parent):
        done = place.with_name(f"{place.name}-is-made")
        if not done.exists():
            make(place)
            done.touch()
    return place
