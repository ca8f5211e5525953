"""P9: many rows at once. The old register from a CSV file against csv.reader alone, and the memory of a 名册.

Each job runs in a process of its own, which tells its CPU and the most memory that it had.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import process_time
from typing import Any

from bench import asked, instances, invent, process, report
from bench.instances import Instance
from bench.names import surnames
from bench.timing import median
from config import ROOT
from lib.database import transaction_mode
from models import db
from services.departments import matching
from services.departments.reference_data import load_reference_data
from services.reports import roster

IMPORT_MUST, IMPORT_AIM, IMPORT_MB = 0.05, 0.1, 100
GROWTH_MUST = 10  # MB
ROUNDS = 3
TITLES = ("姓名", "证件号码", "证书编号", "档案号", "发证日期", "发证机关", "手机号码", "单位")


def register(rows: int) -> None:
    """The import."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "register.csv"
        _write(file, rows)
        plain, ours = [process.run("bench.bulk", "csv", file)], []
        for number in range(ROUNDS):  # in turn: the machine may be busier in a minute
            ours.append(_imported(file, folder / f"ours{number}"))
            plain.append(process.run("bench.bulk", "csv", file))
        size = file.stat().st_size / 1e6
    reading, importing = median([one["job"] for one in plain]), median([one["job"] for one in ours])
    ratio, peak = reading / importing, max(one["peak_mb"] for one in ours)
    print(f"\nP9: {rows:,} rows of the old register ({size:.0f} MB)\n")
    rows_of = [
        ("csv.reader alone", f"{reading:.2f}", f"{rows / reading:,.0f}", "", ""),
        ("import", f"{importing:.2f}", f"{rows / importing:,.0f}", f"{ratio:.3f}", f"{peak:.0f}"),
    ]
    print(report.table(("what", "CPU s", "rows a second", "of csv.reader", "peak MB"), rows_of))
    print(f"must ≥ {IMPORT_MUST:g} and ≤ {IMPORT_MB} MB, aim ≥ {IMPORT_AIM:g}")
    report.note("P9", f"old register, {rows:,} rows", f"{ratio:.3f}", f"≥ {IMPORT_MUST:g}", f"≥ {IMPORT_AIM:g}")
    report.note("P9", "its peak of memory", f"{peak:.0f} MB", f"≤ {IMPORT_MB} MB", "")
    facts = {"rows": rows, "csv_s": reading, "import_s": importing, "ratio": ratio, "peak_mb": peak}
    print(f"written to {report.save('p9-register', facts)}", flush=True)


def _imported(file: Path, folder: Path) -> dict[str, Any]:
    process.run("bench.bulk", "prepare", folder)
    return process.run("bench.old_register", file, folder)


def _write(file: Path, rows: int) -> None:
    chance, first = random.Random(9), list(surnames())
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(TITLES)
        for number in range(rows):
            name = chance.choice(first) + chance.choice("英华玉秀明丽文红春国") + chance.choice("建志海军平伟艳敏静强")
            proofs = f"2199{number:011}", f"LN{2000 + number % 15}{number:06}"
            issued, phone = f"{2000 + number % 15}-{1 + number % 12:02}-12", f"138{chance.randrange(10**8):08}"
            there = "样例县财政局", phone, f"样例县{number % 5000}号商贸有限公司"
            writer.writerow((name, invent.id_number(number), *proofs, issued, *there))


def rosters(small: Instance, large: Instance) -> None:
    """The export."""
    found = [process.run("bench.bulk", "roster", one.home) for one in (small, large)]
    growth = found[1]["peak_mb"] - found[0]["peak_mb"]
    print("\nP9: 名册, the whole province\n")
    rows = [
        (f"{one['rows']:,}", f"{one['job']:.1f}", f"{one['rows'] / one['job']:,.0f}", f"{one['peak_mb']:.1f}")
        for one in found
    ]
    print(report.table(("rows", "CPU s", "rows a second", "peak MB"), rows))
    print(f"growth {growth:.1f} MB, must ≤ {GROWTH_MUST}, aim 0")
    what = f"名册 of {found[1]['rows']:,}, growth of memory from {found[0]['rows']:,}"
    report.note("P9", what, f"{growth:.1f} MB", f"≤ {GROWTH_MUST} MB", "0")
    facts = {str(one["rows"]): {"cpu_s": one["job"], "peak_mb": one["peak_mb"]} for one in found}
    print(f"written to {report.save('p9-roster', {'growth_mb': growth, 'rows': facts})}", flush=True)


# --- the jobs ---------------------------------------------------------------------------------------------------------


def _csv(file: str) -> None:
    before, rows = process_time(), 0
    with open(file, encoding="utf-8", newline="") as text:
        for _cells in csv.reader(text):
            rows += 1
    process.tell(job=process_time() - before, rows=rows - 1)


def _prepare(folder: str) -> None:
    """A new instance with its reference data."""
    app = instances.app_of(Path(folder))
    with app.app_context(), transaction_mode("IMMEDIATE"):
        db.create_all()
        load_reference_data(ROOT / "data")
        db.session.commit()
        process.tell()


def _roster(folder: str) -> None:
    """As the view does it for the province's officer, all approved people."""
    instance = Instance("sqlite", 0, instances.app_of(Path(folder)), Path(folder))
    actor = instance.officer(asked.PROVINCE)
    with instance.app.app_context(), transaction_mode("DEFERRED"), tempfile.TemporaryDirectory() as scratch:
        office = matching.one_in_scope(actor, asked.PROVINCE)
        assert office
        before = process_time()
        made = roster.write(actor, roster.RosterRequest(office), Path(scratch))
        with made.file:
            process.tell(job=process_time() - before, rows=made.count, bytes=made.size)
        db.session.rollback()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        jobs: dict[str, Callable[..., None]] = {"csv": _csv, "prepare": _prepare, "roster": _roster}
        jobs[sys.argv[1]](*sys.argv[2:])
