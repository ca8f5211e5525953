"""The sheet at its longest: every free text as long as its form takes, every paper, names in rare characters."""

from __future__ import annotations

import io
from dataclasses import replace
from random import Random

import pypdf
import pytest

from forms import PAPERS, STEPS
from lib.codes import IdType
from lib.pictures import sheet_reader
from lib.questions.conditions import FormContext
from services.declaration import answers
from services.papers.sheet_positions import ALONE, FORMS, PATTERN
from services.sheet import content as sheet_content
from services.sheet.data import SheetData
from services.sheet.pdf import draw
from tests.integration.declaration.test_questions import VARIANTS
from tests.support.applicant import photographed, sheet_samples
from tests.support.applicant.rare import STANDARD, sample

WORDS = "沈阳市和平区样例大街恒信国际会计师事务所(特殊普通合伙)东北财经有限责任公司第分 0123456789ABC号室座、·-"
RARE = "䶮㛃𬭎" + sample("A", 9) + STANDARD[-9:]


def longest() -> dict[str, int]:
    """The questions that take free text, and how much of it."""
    fields = [field for step in STEPS for field in step.form(None, context=FormContext()).questions]
    return {field.name: field.flags.maxlength for field in fields if field.flags.maxlength and field.kind == "text"}


def data(seed: int, variant: str) -> SheetData:
    chance = Random(seed)
    facts = {"id_type": IdType.RESIDENT.value, "id_number": "219900199003070013", "name_differs": "yes"}
    facts |= {name: value for name, value in VARIANTS[variant].items() if value}
    for name, most in longest().items():
        if name in facts:
            length = most if seed < 3 else chance.randint(1, most)
            facts[name] = "".join(chance.choice(WORDS + (RARE if "name" in name else "")) for _ in range(length))
    facts["applicant_name"] = "".join(chance.choice(RARE) for _ in range(50))
    sections = answers.sections(facts)
    return replace(
        sheet_samples.employed(),
        blocks=sheet_content.blocks(sections),
        papers=tuple(paper.title for paper in PAPERS),
        has_employer=facts.get("has_employer") == "yes",
    )


def lines(shown: SheetData) -> list[str]:
    cells = [cell.text for block in shown.blocks for cell in block.cells]
    rows = [text for block in shown.blocks for table in block.tables for row in table.rows for text in row]
    return [*cells, *rows, *shown.papers]


@pytest.mark.parametrize("variant", ["employed", "student", "foreign"])
@pytest.mark.parametrize(
    "seeds", [range(4), pytest.param(range(4, 100), marks=[pytest.mark.soak, pytest.mark.slow])], ids=["few", "many"]
)
def test_every_text_stands_on_the_sheet_whole_and_pages_stay_few(app, variant, seeds):
    for seed in seeds:
        shown = data(seed, variant)
        pages = pypdf.PdfReader(io.BytesIO(draw(shown))).pages
        found = "".join("".join(page.extract_text() for page in pages).split())
        lost = [text for text in lines(shown) if "".join(text.split()) not in found]
        assert lost == [], f"seed {seed}"
        assert len(pages) <= 3, f"seed {seed}"
        assert all("申报人签名（手写）" in page.extract_text() for page in pages)


def test_the_longest_questions_are_among_them(app):
    assert {"applicant_name", "postal_address", "employer_name", "employer_address"} <= longest().keys()
    assert "𬭎" in RARE
    assert len(data(0, "employed").blocks[0].cells[0].text) == 50


@pytest.mark.parametrize("count", [1, 7, 40])
def test_a_continuation_page_of_any_length_says_which_it_is_and_where_one_signs(count):
    """Short texts of seven lines each move until the frame ends anywhere on the page, at the lowest squares too."""
    cells = tuple(
        replace(cell, text=f"{number}" + "很长的一段话" * 45)
        for number, cell in enumerate(sheet_samples.employed().blocks[1].cells[:1] * count)
    )
    full = sheet_samples.employed()
    pdf = draw(replace(full, blocks=(full.blocks[0], replace(full.blocks[1], cells=cells), *full.blocks[2:])))
    pages = len(pypdf.PdfReader(io.BytesIO(pdf)).pages)
    for number in range(pages):
        bare = photographed.paper(pdf, number)
        (found,) = sheet_reader.read_sheet(bare, PATTERN, FORMS)
        assert (found["page"], found["pages"]) == (str(number + 1), str(pages))
        if number:
            assert found["forms"][ALONE]["ink"] == "missing"
