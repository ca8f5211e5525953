"""模板下载: public documents by their name in the URL. Each process draws them once and caches them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from lib.codes import AgreedKind
from services.departments.snapshot import AgreedText
from services.sheet import commitment
from services.sheet import content as sheet_content
from services.site import agreed_texts


@dataclass(frozen=True)
class Template:
    """``draw`` takes the commitment in force and the site's name and gives a PDF."""

    title: str
    hint: str
    draw: Callable[[AgreedText, str], bytes]


TEMPLATES = {
    "sheet": Template(
        "会计人员个人基本信息表（样表）", "只供了解内容；正式的信息表在填写后从系统打印", sheet_content.blank_sheet
    ),
    "work-proof": Template("工作证明", "由工作单位填写并加盖公章", lambda _text, site: commitment.work_proof_pdf(site)),
    "commitment": Template(
        agreed_texts.TITLES[AgreedKind.COMMITMENT], "提交时在网上勾选同意，不需要打印", commitment.text_pdf
    ),
}


def pdf(name: str, site: str) -> bytes:
    """Raises KeyError for a name that is not in ``TEMPLATES``."""
    return _drawn(name, agreed_texts.current(AgreedKind.COMMITMENT), site)


@lru_cache(maxsize=2 * len(TEMPLATES))
def _drawn(name: str, text: AgreedText, site: str) -> bytes:
    return TEMPLATES[name].draw(text, site)
