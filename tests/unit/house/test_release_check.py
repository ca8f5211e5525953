"""Before a release: whatever is not ready is named, and a repository that is ready has nothing to name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from scripts import release_check
from scripts.release_check import git

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="no git here")
CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.0] - 2026-02-03

### Added

- Something.

### Upgrading

Stop the service, then `flask init`: it applies migration 0002.
"""
LOCK = """flask==3.1.0 \\
    --hash=sha256:00
    # via -r requirements.in
jinja2==3.1.6 \\
    --hash=sha256:00
    # via flask
"""
FILES = {
    "pyproject.toml": '[project]\nversion = "1.2.0"\n',
    "CHANGELOG.md": CHANGELOG,
    "README.md": "See [the changes](CHANGELOG.md), `[not](a link)`.\n",
    "requirements.in": "# why\nflask>=3\n",
    "requirements.txt": LOCK,
    "requirements-dev.in": "-r requirements.in\npytest\n",
    "requirements-dev.txt": LOCK + "pytest==9.0.0\n    # via -r requirements-dev.in\n",
    "bench/requirements.in": "django\n",
    "bench/requirements.txt": "django==5.0\n    # via -r bench/requirements.in\n",
    "migrations/versions/0001_first.py": 'revision = "0001"\ndown_revision = None\n',
    "migrations/versions/0002_more.py": 'revision = "0002"\ndown_revision = "0001"\n',
}


def commit(root: Path, subject: str = "Add something") -> None:
    git(root, "add", "-A")
    git(root, "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", subject, "--allow-empty")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that is ready. The tables of the documents have tests of their own."""
    without = tuple(check for check in release_check.CHECKS if check is not release_check.tables)
    monkeypatch.setattr(release_check, "CHECKS", without)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    git(tmp_path, "tag", "v1.1.0")
    return tmp_path


def replaced(name: str, before: str, after: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / name).read_text()
        assert before in text
        (root / name).write_text(text.replace(before, after))
        commit(root)

    return change


TOMORROW = (date.today() + timedelta(days=1)).isoformat()  # noqa: DTZ011
#: Together in one repository, problem -> how it comes to be.
BROKEN: list[dict[str, Callable[[Path], None]]] = [
    {
        "the tag v1.2.0 is there already": lambda root: void(git(root, "tag", "v1.2.0", "v1.1.0")),
        "move what stands under [Unreleased]": replaced("CHANGELOG.md", "eleased]\n", "eleased]\n\n- More.\n"),
        "has no date that is past: none": replaced("CHANGELOG.md", " - 2026-02-03", ""),
        "says nothing under ### Upgrading": replaced("CHANGELOG.md", "### Upgrading", "### Fixed"),
        "requirements.txt: flask>=4 of requirements.in": replaced("requirements.in", ">=3", ">=4"),
        "requirements-dev.txt: ruff of requirements-dev.in": replaced("requirements-dev.in", "pytest", "pytest\nruff"),
        "requirements-dev.txt: jinja2 3.0": replaced("requirements-dev.txt", "jinja2==3.1.6", "jinja2==3.0"),
        "unfinished: README.md:2:TODO": replaced("README.md", "link)`.\n", "link)`.\nTODO: more\n"),
        "migration 0002 follows 0000": replaced("migrations/versions/0002_more.py", '"0001"', '"0000"'),
        "README.md: the link NEWS.md leads nowhere": replaced("README.md", "(CHANGELOG.md)", "(NEWS.md)"),
        "not committed: requirements.txt": lambda root: void((root / "requirements.txt").write_text(LOCK + "\n")),
        "not committed: new.txt": lambda root: void((root / "new.txt").write_text("new")),
    },
    {
        f"has no date that is past: {TOMORROW}": replaced("CHANGELOG.md", "2026-02-03", TOMORROW),
        "does not name migration 0002": replaced("CHANGELOG.md", "migration 0002", "what is new"),
        "requirements.txt: flask is not in requirements.in any more": replaced("requirements.in", "flask>=3", ""),
    },
    {"no section ## [1.3.0]": replaced("pyproject.toml", "1.2.0", "1.3.0")},
    {
        "pyproject.toml: 1.2 is no version": replaced("pyproject.toml", "1.2.0", "1.2"),
        "no section ## [1.2]": lambda _root: None,
    },
]


def void(_value: object) -> None:
    """For a lambda that only does something."""


def test_what_is_ready_may_be_tagged(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert release_check.main(root) == 0
    assert capsys.readouterr().out == "ready: git tag -a v1.2.0\n"


@pytest.mark.parametrize("broken", BROKEN, ids=len)
def test_what_is_missing_is_named(
    root: Path, broken: dict[str, Callable[[Path], None]], capsys: pytest.CaptureFixture[str]
) -> None:
    commit(root, "WIP half")
    for change in broken.values():
        change(root)

    assert release_check.main(root) == 1
    said = capsys.readouterr().out
    assert [
        problem for problem in [*broken, "a commit that is not meant to stay: WIP half"] if problem not in said
    ] == []
    assert len(said.splitlines()) == len(broken) + 1, said
