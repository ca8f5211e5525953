"""What the pictures measure (lib.pictures.quality): pixels, sharpness, light, and the one-inch photo."""

from __future__ import annotations

from collections.abc import Callable

from forms import PHOTO
from lib.pictures import portrait as photo
from lib.pictures import quality
from services.checks.case import Case, CasePicture, Outcome, look, passed, unknown, verdict
from services.papers import picture_advice
from services.papers.picture_advice import Figures, PictureNote


def resolution(case: Case) -> Outcome:
    return _each(case, picture_advice.few_pixels, "附件图片的像素足够", leave_out=PHOTO)


def sharpness(case: Case) -> Outcome:
    return _each(case, picture_advice.blurred, "照片和附件图片清晰")


def light(case: Case) -> Outcome:
    return _each(case, picture_advice.light, "照片和附件图片的明暗合适")


def edges(case: Case) -> Outcome:
    return _each(case, picture_advice.cut_off, "附件图片没有发现拍不全的", leave_out=PHOTO)


def screen_shot(case: Case) -> Outcome:
    return _each(case, picture_advice.screen_shot, "附件图片不像截屏", leave_out=PHOTO)


def _each(case: Case, notice: Callable[[Figures], PictureNote | None], fine: str, *, leave_out: str = "") -> Outcome:
    """The same question to each picture. One that was never measured is in doubt, unless another one has a problem."""
    pages = [page for page in case.pages() if page.kind != leave_out]
    problems = [
        (page.kind, page.words + note.words) for page in pages if page.measures and (note := notice(page.measures))
    ]
    unmeasured = _unmeasured(pages)
    return unmeasured if unmeasured and not problems else verdict(problems, fine)


def _unmeasured(pages: list[CasePicture]) -> Outcome | None:
    kinds = dict.fromkeys(page.kind for page in pages if not page.measures)
    return unknown("有图片上传时没有测量，请自行查看", *kinds) if kinds else None


def portrait(case: Case) -> Outcome | None:
    """What the applicant read about the one-inch photo, in the same words; older photos by fewer figures."""
    page = next(iter(case.pages(PHOTO)), None)
    if page is None:
        return None
    figures = page.measures
    if "background" not in figures:
        return unknown("一寸照片上传时没有测量，请自行查看", PHOTO)
    if "portrait" not in figures:
        problems = [words for wrong, words in _portrait(figures) if wrong]
        return look("一寸照片" + "，".join(problems), PHOTO) if problems else passed("一寸照片的比例和背景合适", PHOTO)
    found = photo.advise(figures)
    words = "，".join(problem.what for problem in found.problems) or found.unknown
    if found.verdict == photo.GOOD:
        return passed(f"一寸照片{found.verdict}", PHOTO)
    advice = f"一寸照片{found.verdict}：{words}"
    return look(advice, PHOTO) if found.problems else unknown(advice, PHOTO)


def _portrait(figures: Figures) -> list[tuple[bool, str]]:
    uneven, fill = figures["evenness"] > quality.EVEN_BACKGROUND, figures["fill"]
    return [
        (abs(figures["ratio"] / quality.ONE_INCH - 1) > 0.03, "宽高比不是 5:7"),
        (uneven, "背景不均匀"),
        (figures["background"] < quality.WHITE_BACKGROUND, "背景不是白色"),
        (not uneven and fill < quality.FILL[0], "人像太小"),
        (not uneven and fill > quality.FILL[1], "人像太大"),
    ]
