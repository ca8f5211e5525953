"""What the pictures measure (lib.measures): pixels, sharpness, light, and the one-inch photo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from forms import PHOTO
from lib import measures
from lib import portrait as advice
from services.checks.case import Case, Outcome, Page, look, passed, unknown, verdict

Figures = Mapping[str, Any]


def resolution(case: Case) -> Outcome:
    def problem(figures: Figures) -> str:
        size = f"{figures['width']}×{figures['height']}"
        return f"只有 {size} 像素" if min(figures["width"], figures["height"]) < measures.SHORT_SIDE else ""

    return _each(case, problem, "附件图片的像素足够", leave_out=PHOTO)


def sharpness(case: Case) -> Outcome:
    return _each(
        case, lambda figures: "可能模糊" if figures["sharpness"] < measures.SHARP else "", "照片和附件图片清晰"
    )


def light(case: Case) -> Outcome:
    return _each(case, _light, "照片和附件图片的明暗合适")


def _light(figures: Figures) -> str:
    brightness, contrast = figures["brightness"], figures["contrast"]
    if brightness < measures.DARK_MEAN:
        return "太暗"
    if brightness > measures.WASHED_OUT_MEAN and contrast < measures.WASHED_OUT_CONTRAST:
        return "太亮，字迹可能看不清"
    return "对比太弱，字迹可能看不清" if contrast < measures.FAINT_CONTRAST else ""


def _each(case: Case, problem: Callable[[Figures], str], fine: str, *, leave_out: str = "") -> Outcome:
    """The same question to each picture. One that was never measured is in doubt, unless another one has a problem."""
    pages = [page for page in case.pages() if page.kind != leave_out]
    problems = [
        (page.kind, page.words + words) for page in pages if page.measures and (words := problem(page.measures))
    ]
    unmeasured = _unmeasured(pages)
    return unmeasured if unmeasured and not problems else verdict(problems, fine)


def _unmeasured(pages: list[Page]) -> Outcome | None:
    kinds = dict.fromkeys(page.kind for page in pages if not page.measures)
    return unknown("有图片上传时没有测量，请自行查看", *kinds) if kinds else None


def portrait(case: Case) -> Outcome | None:
    """What the applicant was told of the one-inch photo, in the same words; older photos by fewer figures."""
    page = next(case.pages(PHOTO), None)
    if page is None:
        return None
    figures = page.measures
    if "background" not in figures:
        return unknown("一寸照片上传时没有测量，请自行查看", PHOTO)
    if "portrait" not in figures:
        problems = [words for wrong, words in _portrait(figures) if wrong]
        return look("一寸照片" + "，".join(problems), PHOTO) if problems else passed("一寸照片的比例和背景合适", PHOTO)
    found = advice.advise(figures)
    words = "，".join(problem.what for problem in found.problems) or found.unknown
    if found.verdict == advice.GOOD:
        return passed(f"一寸照片{found.verdict}", PHOTO)
    told = f"一寸照片{found.verdict}：{words}"
    return look(told, PHOTO) if found.problems else unknown(told, PHOTO)


def _portrait(figures: Figures) -> list[tuple[bool, str]]:
    uneven, fill = figures["evenness"] > measures.EVEN_BACKGROUND, figures["fill"]
    return [
        (abs(figures["ratio"] / measures.ONE_INCH - 1) > 0.03, "宽高比不是 5:7"),
        (uneven, "背景不均匀"),
        (figures["background"] < measures.WHITE_BACKGROUND, "背景不是白色"),
        (not uneven and fill < measures.FILL[0], "人像太小"),
        (not uneven and fill > measures.FILL[1], "人像太大"),
    ]
