"""Writes docs/figures.md: each promise of reliability and security, how it is tried, what came out, when and where.

``python -m scripts.figures R6 S5`` tries these rows (``all``: every one; ``--short``: only the tests of `make test`),
keeps what came out in bench/figures.json, and writes the page. Without a row it writes the page only. Nothing is
entered by hand: a row that nobody has tried says so.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from bench import report

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT, RECORD = ROOT / "docs" / "figures.md", ROOT / "bench" / "figures.json"
BENCH = {"P3": "keys26"}  # rows that come out of the performance suite
WHOLE = 26_000_000  # people
_IN, _UNIT = "tests/integration", "tests/unit"
Results = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """``tests``: pytest's names. ``lacks``: what of the goal they do not show, or why it is missed."""

    name: str
    about: str
    goal: str
    tests: tuple[str, ...]
    lacks: str = ""

    @property
    def command(self) -> str:
        return f'make bench ARGS="{BENCH[self.name]}"' if self.name in BENCH else f'make figures ARGS="{self.name}"'


RELIABILITY = (
    Row(
        "R1",
        "200 applicants at once, the whole way with pictures as phones take them",
        "no error of the server, nothing lost, 95 % of pages within 2 s",
        (f"{_IN}/operations/test_crowd.py",),
    ),
    Row(
        "R2",
        "kill -9 of the whole server 200 times while people upload, submit and decide",
        "nothing that was answered is lost; no row without its file; a build that writes rows first fails in it",
        (f"{_IN}/operations/test_killed.py::test_a_server_that_is_killed_has_lost_nothing_that_it_answered",
         f"{_IN}/operations/test_killed.py::test_a_server_that_writes_rows_before_files_loses_a_file"),
    ),
    Row(
        "R3",
        "two officers decide opposite things at the same moment, 500 times; an applicant acts meanwhile; both engines",
        "one wins each time, the other is told; a decision names the version that was seen",
        (f"{_IN}/workflow/test_opposite_decisions.py", f"{_IN}/workflow/test_postgres_races.py"),
    ),
    Row(
        "R4",
        "8 writers that read before they write; the same form sent twice at once; both engines",
        "no update lost, no `database is locked`, one version",
        (f"{_IN}/operations/test_database.py::test_eight_writers_that_read_before_they_write_lose_nothing",
         f"{_IN}/workflow/test_submit.py::test_a_double_click_makes_one_revision",
         f"{_IN}/accounts/test_account_races.py"),
    ),
    Row(
        "R5",
        "a full disk, a database locked for long, a read-only folder, damaged files and databases",
        "a clear page (503, 507), nothing half written, works again by itself",
        (f"{_IN}/operations/test_faults.py", f"{_IN}/operations/test_faults_served.py"),
        "steps of the clock: tests move it in each rule that depends on it, but not under load",
    ),
    Row(
        "R6",
        "PostgreSQL restarted 20 times under load",
        "nothing that was answered is lost; at most a page of 503",
        (f"{_IN}/operations/test_killed.py"
         "::test_a_database_that_is_restarted_has_lost_nothing_and_pages_say_to_come_later",),
    ),
    Row(
        "R7",
        "20 back-ups under load, killed half-way, each restored; both engines",
        "equal to the moment of the back-up; half ones are refused",
        (f"{_IN}/operations/test_backup_drill.py", f"{_IN}/operations/test_backup.py"),
    ),
    Row(
        "R8",
        "each migration up, down and up again; the head against the models; both engines",
        "no difference",
        (f"{_IN}/operations/test_migrations.py", f"{_IN}/operations/test_upgrade.py"),
    ),
    Row(
        "R9",
        "the workflow as a state machine: six people of two counties, verbs in any order",
        "what must always hold, holds",
        (f"{_UNIT}/workflow/test_workflow_machine.py", f"{_UNIT}/workflow/test_workflow.py",
         f"{_UNIT}/queue/test_queue_index_moves.py", f"{_IN}/corrections/test_corrections_reachable.py"),
        "on PostgreSQL only by `make test-postgres`",
    ),
)  # fmt: skip
SECURITY = (
    Row(
        "S1",
        "every route, by every role, on one's own, others' and foreign files",
        "as the table of routes says; a foreign one looks like none, to the byte; an unlisted route fails",
        (f"{_IN}/security/test_gate.py", f"{_IN}/security/test_attacks_roles.py",
         f"{_IN}/review/test_review_scope.py"),
    ),
    Row(
        "S2",
        "odd values in every form and parameter",
        "no error of the server, nothing unescaped",
        (f"{_IN}/security/test_attacks_fuzz.py", f"{_IN}/security/test_attacks_http.py",
         f"{_IN}/security/test_attacks_desk.py"),
    ),
    Row(
        "S3",
        "hostile files in every place for a picture",
        "the verdict by rule, only pixels survive, under 300 MB and 8 s",
        (f"{_IN}/security/test_hostile.py",),
    ),
    Row(
        "S4",
        "known against unknown numbers at sign-in, claim, forgotten password and registration, also with SMS",
        "the same page, length and headers for every reason; under 2 ms of difference in time",
        (f"{_IN}/accounts/test_sign_in.py", f"{_IN}/accounts/test_claim.py", f"{_IN}/accounts/test_forgot.py",
         f"{_IN}/accounts/test_register.py", f"{_IN}/accounts/test_same_answer.py",
         f"{_IN}/accounts/test_same_time.py"),
        "registration has to say that a number is taken: it does so for every reason alike, and limits who asks",
    ),
    Row(
        "S5",
        "10,000 tries on one account from 50 networks",
        "at most 100 reach the hash, others are not kept out, each is recorded before it is checked",
        (f"{_IN}/accounts/test_lockout.py", f"{_IN}/accounts/test_throttle.py"),
    ),
    Row(
        "S6",
        "sessions: rows on the server, a new one at each sign-in, second factor and password",
        "dead after signing out, for a copied cookie, too",
        (f"{_IN}/accounts/test_sessions.py", f"{_IN}/accounts/test_sign_in.py"),
    ),
    Row(
        "S7",
        "the security headers of every kind of answer",
        "exact values on every status",
        (f"{_IN}/security/test_headers.py",),
    ),
    Row(
        "S8",
        "marked names, numbers, phones and passwords through a whole filing, then looked for",
        "not in logs, addresses, temporary files, the open part of the database, or back-ups",
        (f"{_IN}/security/test_attacks_finder.py",),
        "one whole filing with its desk is searched, not every test of the suite",
    ),
    Row(
        "S9",
        "200 rows of the audit trail changed, removed, added or moved in the file",
        "all found",
        (f"{_IN}/administration/test_audit_chain.py",),
    ),
    Row(
        "S10",
        "documents and workbooks of hostile text",
        "no access to files or the network, no formula, the text as it was typed",
        (f"{_UNIT}/sheet/test_sheet_pdf.py", f"{_IN}/reports/test_roster.py", f"{_IN}/reports/test_roster_files.py"),
    ),
)  # fmt: skip
SPEED = (
    Row(
        "P3",
        "the lists with the keys of 26 million people, against 10,000",
        "at most 1.2 times the CPU each",
        (),
        "a search of the whole province goes down the tree of keys once for each of its departments, which is higher; "
        "two lists of the county fill a page of 50 lines there and have 24 at 10,000 people",
    ),
)
ROWS = {row.name: row for row in (*RELIABILITY, *SECURITY, *SPEED)}


def tried(row: Row, *, short: bool) -> dict[str, Any]:
    """Run the row's tests; what came out."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        options = ["-m", "not soak"] if short else ["--hypothesis-profile=long"]
        command = [sys.executable, "-m", "pytest", "-q", *row.tests, *options, "-o", "junit_family=xunit1"]
        command.append(f"--junit-xml={file.name}")
        subprocess.run(command, cwd=ROOT, check=False)
        return _fact() | {"form": "short" if short else "long"} | read(Path(file.name).read_text("utf-8"))


def read(xml: str) -> dict[str, Any]:
    """Counts of pytest's report, and what tests have measured (``record_property``). Raises ParseError."""
    cases = list(ElementTree.fromstring(xml).iter("testcase"))  # noqa: S314 - pytest wrote it
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    measured: dict[str, str] = {}
    for case in cases:
        kinds = {child.tag for child in case}
        failed, skipped = bool(kinds & {"failure", "error"}), "skipped" in kinds
        counts["failed" if failed else "skipped" if skipped else "passed"] += 1
        measured |= {one.get("name", ""): one.get("value", "") for one in case.iter("property")}
    return {**counts, "seconds": round(sum(float(case.get("time", 0)) for case in cases)), "measured": measured}


def _fact() -> dict[str, Any]:
    return {"at": datetime.now(UTC).date().isoformat(), "machine": report.machine()}


def of_bench(figure: str) -> dict[str, Any] | None:
    """The newest result of the performance suite here."""
    files = sorted(report.RESULTS.glob(f"{figure}-*.json"))
    if not files:
        return None
    facts = json.loads(files[-1].read_text("utf-8"))
    verdicts = [one["verdict"] for one in facts["lists"] if one["verdict"] != "other length"]
    counts = {"passed": verdicts.count("ok"), "failed": verdicts.count("MISSED"), "skipped": 0}
    people = f"{facts['few']:,} and {facts['many']:,}"
    form = "long" if facts["many"] >= WHOLE else "short"
    kept = {"at": facts["at"][:10], "machine": facts["machine"], "form": form, **counts}
    return kept | {"seconds": 0, "measured": {"people": people}}


# --- the page ---------------------------------------------------------------------------------------------------------


def page(results: Results) -> str:
    parts = [_INTRODUCTION]
    for title, rows in {"Reliability": RELIABILITY, "Security": SECURITY, "Speed": SPEED}.items():
        lines = [_line(row, results.get(row.name)) for row in rows]
        parts.append("\n".join([f"## {title}\n", _HEAD, *lines, ""]))
    return "\n".join([*parts, _missing(results)])


_INTRODUCTION = """# Figures

What this product promises of reliability and security, and what came out when it was tried. Made by `make figures` from
`bench/figures.json`, which `make figures ARGS="R6 S5"` (`all`: every row) fills by running the tests of a row in their
long form; `--short` runs only those of `make test`. Speed is in [performance.md](performance.md).
"""
_HEAD = "| | what is tried | goal | command | tests | figure | date | machine |\n|---|---|---|---|---|---|---|---|"


def _line(row: Row, found: dict[str, Any] | None) -> str:
    files = dict.fromkeys(Path(name.partition("::")[0]).name for name in row.tests)
    tests = ", ".join(f"`{name}`" for name in files)
    cells = [row.name, row.about, row.goal, f"`{row.command}`", tests, *_outcome(found)]
    return f"| {' | '.join(cells)} |"


def _outcome(found: dict[str, Any] | None) -> tuple[str, str, str]:
    if found is None:
        return "not run", "", ""
    counts = [f"{found[name]} {name}" for name in ("passed", "failed", "skipped") if found[name]]
    measured = [f"{name}: {value}" for name, value in found["measured"].items()]
    form = " (short form)" if found["form"] == "short" else ""
    machine = found["machine"]
    where = f"{machine['cpus']} CPUs, {machine['architecture']}, Python {machine['python']}, load {machine['load'][0]}"
    return "; ".join([", ".join(counts) + form, *measured]), found["at"], where


def _missing(results: Results) -> str:
    lines = [f"- **{name}**: {'; '.join(why)}." for name, row in ROWS.items() if (why := _why(row, results.get(name)))]
    return "\n".join(["## What is missing\n", *(lines or ["Nothing."]), ""])


def _why(row: Row, found: dict[str, Any] | None) -> list[str]:
    """Why the goal is not shown to be reached."""
    why = [row.lacks] if row.lacks else []
    if found is None:
        return [*why, "not run yet"]
    if found["failed"]:
        why.append(f"{found['failed']} failed on {found['at']}")
    if found["skipped"]:
        why.append(f"{found['skipped']} left out, since the machine lacks what they need")
    return [*why, "only the short form was run"] if found["form"] == "short" else why


def record() -> Results:
    found: Results = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    return found


def _keep(results: Results) -> None:
    ordered = {name: results[name] for name in ROWS if name in results}
    RECORD.write_text(json.dumps(ordered, ensure_ascii=False, indent=1) + "\n", "utf-8")
    DOCUMENT.write_text(page(ordered), "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="figures", description=__doc__)
    parser.add_argument("rows", nargs="*", default=[], help="rows to try, or all")
    parser.add_argument("--short", action="store_true", help="only the tests of `make test`")
    given = parser.parse_args()
    if unknown := set(given.rows) - {*ROWS, "all"}:
        parser.error(f"no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    results = record()
    for name in ROWS if "all" in given.rows else given.rows:
        if name in BENCH:
            continue
        results[name] = tried(ROWS[name], short=given.short)
        _keep(results)
    results |= {name: found for name, figure in BENCH.items() if (found := of_bench(figure))}
    _keep(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
