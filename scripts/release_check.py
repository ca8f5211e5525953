"""Says what is missing before a release may be tagged: ``make release-check``. A check yields a line each problem."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
SECTION = re.compile(r"^## \[(.+?)\](?: - (\S+))?$", re.MULTILINE)
UPGRADING = "### Upgrading"
UNFINISHED = r"\b(TODO|FIXME|XXX|WIP)\b"
#: Not ours, or about the words themselves.
NOT_SEARCHED = ("static/vendor", "scripts/release_check.py", "tests/unit/house/test_release_check.py")
LOCKS = {"requirements.in": "requirements.txt", "requirements-dev.in": "requirements-dev.txt"}
LOCKS["bench/requirements.in"] = "bench/requirements.txt"


def git(root: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout


def tracked(root: Path, *patterns: str) -> list[Path]:
    return [root / name for name in git(root, "ls-files", "-z", "--", *patterns).split("\0") if name]


def version(root: Path) -> str:
    return str(tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def numbered(root: Path) -> Iterator[str]:
    if not VERSION.fullmatch(version(root)):
        yield f"pyproject.toml: {version(root)} is no version such as 1.4.0"
    if git(root, "tag", "--list", f"v{version(root)}"):
        yield f"the tag v{version(root)} is there already: raise the version in pyproject.toml"


def sections(root: Path) -> list[tuple[str, str, str]]:
    """Name, date and text of each section of the CHANGELOG, the newest first."""
    pieces = SECTION.split((root / "CHANGELOG.md").read_text("utf-8"))[1:]
    return [(pieces[at], pieces[at + 1] or "", pieces[at + 2]) for at in range(0, len(pieces), 3)]


def changelog(root: Path) -> Iterator[str]:
    found = {name: (day, text) for name, day, text in sections(root)}
    if found.get("Unreleased", ("", ""))[1].strip():
        yield f"CHANGELOG.md: move what stands under [Unreleased] to [{version(root)}]"
    if version(root) not in found:
        yield f"CHANGELOG.md: no section ## [{version(root)}] - YYYY-MM-DD"
        return
    day, text = found[version(root)]
    if not _is_past(day):
        yield f"CHANGELOG.md: [{version(root)}] has no date that is past: {day or 'none'}"
    upgrading = text.partition(UPGRADING)[2].partition("\n### ")[0].strip()
    if not upgrading:
        yield f"CHANGELOG.md: [{version(root)}] says nothing under {UPGRADING}"
    elif (newest := max(revisions(root), default="")) not in upgrading:
        yield f"CHANGELOG.md: [{version(root)}] does not name migration {newest} under {UPGRADING}"


def _is_past(day: str) -> bool:
    try:
        return date.fromisoformat(day) <= date.today()  # noqa: DTZ011 - the day of who releases
    except ValueError:
        return False


def clean(root: Path) -> Iterator[str]:
    for line in git(root, "status", "--porcelain").splitlines():
        yield f"not committed: {line[3:]}"


def locks(root: Path) -> Iterator[str]:
    """What stands in the .in files is pinned as they ask, and nothing else; no other lock has another version of it."""
    pins: dict[str, str] = {}
    for source, lock in LOCKS.items():
        asked = dict(_asked(root, source))
        here, direct = _pinned((root / lock).read_text("utf-8"), source)
        for name, wanted in asked.items():
            if name not in here or not wanted.specifier.contains(here[name], prereleases=True):
                yield f"{lock}: {wanted} of {source} is not in it; run make lock"
        for name in sorted(direct - asked.keys()):
            yield f"{lock}: {name} is not in {source} any more; run make lock"
        pins = pins or here
        for name in sorted(name for name in here.keys() & pins.keys() if here[name] != pins[name]):
            yield f"{lock}: {name} {here[name]}, but {pins[name]} in requirements.txt; run make lock"


def _asked(root: Path, source: str) -> Iterator[tuple[str, Requirement]]:
    for line in (root / source).read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "-")):
            wanted = Requirement(line)
            yield wanted.name.lower().replace("_", "-"), wanted


def _pinned(text: str, source: str) -> tuple[dict[str, str], set[str]]:
    """Name -> version, and the names that the lock says to come from this file."""
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    found = [(pin, block) for block in blocks if (pin := re.match(r"([a-z0-9-]+)(?:\[[^]]*\])?==([^\s;]+)", block))]
    direct = {pin[1] for pin, block in found if re.search(rf"#.*-r {re.escape(source)}$", block, re.MULTILINE)}
    return {pin[1]: pin[2] for pin, _block in found}, direct


def tables(root: Path) -> Iterator[str]:
    from scripts import licences, rooms_drawing, settings_table
    from tests.support.rules import house

    product = [source for source in house.project_files() if house.is_product(source)]
    made: dict[Path, Callable[[str], str]] = {
        settings_table.DOCUMENT: settings_table.with_table,
        rooms_drawing.DOCUMENT: lambda text: rooms_drawing.written(text, product),
        licences.DOCUMENT: licences.written,
    }
    for document, written in made.items():
        text = document.read_text("utf-8")
        if written(text) != text:
            yield f"{document.relative_to(root)}: its table is old; run make docs"


def unfinished(root: Path) -> Iterator[str]:
    outside = [f":!{path}" for path in NOT_SEARCHED]
    for line in git(root, "grep", "-InE", UNFINISHED, "--", ".", *outside).splitlines():
        yield f"unfinished: {line[:100]}"
    last = git(root, "describe", "--tags", "--abbrev=0").strip()
    for subject in git(root, "log", "--format=%s", f"{last}..HEAD").splitlines() if last else ():
        if re.match(r"(?i)(wip\b|fixup!|squash!)", subject):
            yield f"a commit that is not meant to stay: {subject}"


def revisions(root: Path) -> dict[str, str | None]:
    """Revision -> the one before it, as the files say."""
    said = [path.read_text("utf-8") for path in (root / "migrations" / "versions").glob("*.py")]
    pairs = [(_assigned(text, "revision"), _assigned(text, "down_revision")) for text in said]
    return {revision: before for revision, before in pairs if revision}


def _assigned(text: str, name: str) -> str | None:
    found = re.search(rf"^{name}(?::[^=]+)? = [\"'](\w+)[\"']", text, re.MULTILINE)
    return found[1] if found else None


def migrations(root: Path) -> Iterator[str]:
    order = sorted(found := revisions(root))
    for revision, before in zip(order, [None, *order[:-1]], strict=True):
        if found[revision] != before:
            yield f"migration {revision} follows {found[revision]}, not {before}: they are no line with one head"


def links(root: Path) -> Iterator[str]:
    for path in tracked(root, "*.md"):
        text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text("utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists():
                yield f"{path.relative_to(root)}: the link {target} leads nowhere"


CHECKS = (numbered, changelog, clean, locks, tables, unfinished, migrations, links)


def main(root: Path = ROOT) -> int:
    problems = [problem for check in CHECKS for problem in check(root)]
    for problem in problems:
        print(problem)
    if not problems:
        print(f"ready: git tag -a v{version(root)}")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
