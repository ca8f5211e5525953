"""What the documents say is what the code does."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from config import SETTINGS
from forms import PAPER, PAPERS, SHEET
from scripts import figures, licences, pictures, settings_table
from tests.support.rules.house import ROOT


def test_the_table_of_settings_is_made_of_the_settings() -> None:
    text = settings_table.DOCUMENT.read_text("utf-8")
    assert settings_table.with_table(text) == text, "run: make docs"
    assert all(f"| `{setting.name}` |" in text for setting in SETTINGS)


def test_the_page_of_figures_is_made_of_what_was_tried() -> None:
    results = figures.record()
    assert figures.DOCUMENT.read_text("utf-8") == figures.page(results), "run: make figures"
    assert set(results) <= set(figures.ROWS)


def test_each_figure_has_a_command_that_exists_and_tests_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for row in figures.ROWS.values():
        assert row.command.split()[1] in targets
        assert row.tests or row.name in figures.BENCH
        for path, _is, name in (test.partition("::") for test in row.tests):
            assert (ROOT / path).exists(), f"{row.name}: {path}"
            assert not name or f"def {name}(" in (ROOT / path).read_text("utf-8"), f"{row.name}: {name}"


def test_every_unit_of_the_site_is_hardened_alike() -> None:
    first, *others = [
        (ROOT / "deploy" / name)
        .read_text("utf-8")
        .partition("# What the service does not need.")[2]
        .partition("\n\n")[0]
        for name in ("kuaiji.service", "kuaiji@.service", "kuaiji-init@.service")
    ]
    assert "NoNewPrivileges=yes" in first
    assert [other.strip() for other in others] == [first.strip()] * 2


REPORT = """<testsuites><testsuite><testcase time="1.6"><properties><property name="killed" value="2"/></properties>
</testcase><testcase time="3"><failure/></testcase><testcase><skipped/></testcase></testsuite></testsuites>"""


def test_a_figure_is_what_the_tests_reported_and_one_that_is_missed_is_named() -> None:
    found = figures.read(REPORT)
    assert found == {"passed": 1, "failed": 1, "skipped": 1, "seconds": 5, "measured": {"killed": "2"}}
    machine = {"cpus": 2, "architecture": "x86_64", "python": "3.11.7", "load": [0.5]}
    page = figures.page({"R2": found | {"at": "2026-11-29", "form": "short", "machine": machine}})
    (line,) = [line for line in page.splitlines() if line.startswith("| R2 |")]
    assert "| 1 passed, 1 failed, 1 skipped (short form); killed: 2 | 2026-11-29 | 2 CPUs, x86_64, " in line
    assert "- **R2**: 1 failed on 2026-11-29; 1 left out, since the machine lacks what they need; only the" in page
    assert "- **R6**: not run yet." in page


@pytest.mark.parametrize("text", ["", settings_table.BEGIN, settings_table.END])
def test_a_document_without_the_marks_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="lacks"):
        settings_table.with_table(text)


@pytest.mark.parametrize("document", ["README.md", "docs/operations.md", "docs/architecture.md"])
def test_links_and_make_targets_of_a_document_exist(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {name for name in re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", text) for name in name if name} <= targets
    folder = (ROOT / document).parent
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link and not link.endswith(".png")]
    assert [link for link in links if not (folder / link).exists()] == []


def test_a_picture_is_written_again_only_when_it_shows_something_else(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    page = Image.new("RGB", (200, 100), (240, 240, 240))
    pictures.keep(page, path)
    first = path.stat().st_mtime_ns

    nearly = page.copy()
    nearly.paste((215, 215, 215), (0, 0, 10, 10))  # as another palette leaves it
    pictures.keep(nearly, path)
    assert path.stat().st_mtime_ns == first

    dotted = page.copy()
    dotted.putpixel((50, 50), (0, 0, 0))
    for changed in (dotted, ImageChops.add(page, Image.new("RGB", page.size, (1, 1, 1))), page.resize((100, 50))):
        assert not pictures.look_alike(changed, page)
        pictures.keep(changed, path)
        with Image.open(path) as kept:
            assert kept.tobytes() == changed.tobytes()


def test_every_vendored_package_names_its_version_and_licence() -> None:
    vendor = ROOT / "static" / "vendor"
    readme = (vendor / "README.md").read_text("utf-8")
    for folder in (path for path in vendor.iterdir() if path.is_dir()):
        version = (folder / "VERSION").read_text("utf-8").strip()
        assert re.search(rf"`{folder.name}/` \| {folder.name} \| {re.escape(version)} \|", readme)
        assert "Permission is hereby granted" in (folder / "LICENSE").read_text("utf-8")


def test_the_manual_says_how_many_pictures_a_paper_may_have() -> None:
    manual = (ROOT / "docs" / "用户手册.md").read_text("utf-8")
    single = {"photo", "id_portrait", "id_emblem", "card_portrait", "card_back"}
    most = {paper.max_pages for paper in PAPERS if paper.kind not in {*single, SHEET}}
    assert f"信息表最多 {PAPER[SHEET].max_pages} 张，其他附件最多 {max(most)} 张；" in manual
    assert most == {max(most)}
    assert {PAPER[kind].max_pages for kind in single} == {1}


def test_pictures_of_the_documents_are_those_that_the_script_makes() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    named = {name for page in documents for name in re.findall(r"images/([^\s\")]+)", page.read_text("utf-8"))}
    kept = {path.name for path in (ROOT / "docs" / "images").iterdir()}
    assert named == kept == set(pictures.PICTURES), "run: make pictures"


def test_every_package_and_bundled_library_has_a_licence_that_somebody_looked_up() -> None:
    text, now = licences.DOCUMENT.read_text("utf-8"), licences.tables()
    assert now["packages"] in text, "run: make docs"
    for line in now["libraries"].splitlines():
        assert line in text or (sys.platform, platform.machine()) != ("linux", "x86_64"), "run: make docs"
    copyleft = {name for name in licences.names() if "GPL" in licences.licence(name)}
    copyleft |= {lib for name in licences.names() for lib, what in licences.bundled(name).items() if "GPL" in what}
    for name in copyleft - {"libfreetype", "psycopg-binary"}:  # the first may be had under its own licence
        assert name in text.partition("## Packages")[0], f"{name}: say what to know about it"


#: How many items of levels 1 and 2 each section of ASVS 5.0 has; they are numbered from 1.
ASVS = """1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4
    5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2
    8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3
    11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3
    15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2"""


def test_every_item_of_asvs_has_its_row_and_the_files_of_the_table_exist() -> None:
    sections = [section.split(":") for section in ASVS.split()]
    items = [f"{section}.{number}" for section, count in sections for number in range(1, int(count) + 1)]
    text = (ROOT / "docs/asvs.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if re.match(r"\| \d", line)]
    told: list[str] = []
    for row in rows:
        first, _, last = row[0].partition(" to ")
        told += items[items.index(first) : items.index(last or first) + 1]
        assert row[3] in ("met", "partly", "not met", "n/a"), row[0]
        assert row[4] or row[3] == "met", f"{row[0]}: why?"
    assert told == items
    named = re.findall(r"`([\w./-]+/[\w./-]*|[\w-]+\.(?:md|py|txt|toml))`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []
