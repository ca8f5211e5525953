"""What to say of a picture of a paper: blurred, dark, cut off, a screen shot, few pixels. Advice, never a refusal.

One set of words for both sides: the applicant reads ``words`` and ``advice`` next to the picture, the officer
``words`` among the automatic checks. The figures are those of lib.pictures.quality and, of newer pictures,
lib.pictures.corners and lib.pictures.screens.

Measured on tests/support/applicant/paper_photos.py, with noise: of 140 good pictures one was called cut off, and
no other message appeared;
blurred by 4 to 6 pixels of the measured copy 59 of 60, a fifth of the light 20 of 20, cut off 100 of 100 were noticed.
lib/pictures/quality.py, lib/pictures/corners.py and lib/pictures/screens.py have the figures of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lib.pictures import quality, screens

Figures = Mapping[str, Any]
SIDES = {"top": "上边", "right": "右边", "bottom": "下边", "left": "左边"}


@dataclass(frozen=True)
class PictureNote:
    """``words``: what was noticed; ``advice``: what to do about it."""

    words: str
    advice: str


def few_pixels(figures: Figures) -> PictureNote | None:
    size = f"{figures['width']}×{figures['height']}"
    few = min(figures["width"], figures["height"]) < quality.SHORT_SIDE
    return (
        PictureNote(f"只有 {size} 像素", "小字可能看不清。请用手机直接拍原件，不要用聊天软件转发过的图片")
        if few
        else None
    )


def blurred(figures: Figures) -> PictureNote | None:
    if figures["sharpness"] >= quality.SHARP:
        return None
    return PictureNote("可能模糊", "请拿稳手机，点一下屏幕对焦后再拍")


def _is_drawn(figures: Figures) -> bool:
    """A page of a PDF is white paper to its edge: no light fell on it, and no table lies around it."""
    return (figures.get("screen") or {}).get("origin") == "pdf"


def light(figures: Figures) -> PictureNote | None:
    if _is_drawn(figures):
        return None
    brightness, contrast = figures["brightness"], figures["contrast"]
    if brightness < quality.DARK_MEAN:
        return PictureNote("太暗", "请到亮的地方，或者打开灯再拍")
    if brightness > quality.WASHED_OUT_MEAN and contrast < quality.WASHED_OUT_CONTRAST:
        return PictureNote("太亮，字迹可能看不清", "请避开强光和闪光灯再拍")
    if contrast < quality.FAINT_CONTRAST:
        return PictureNote("对比太弱，字迹可能看不清", "请换一个光线均匀的地方，对准证件再拍")
    return None


def cut_off(figures: Figures) -> PictureNote | None:
    sides = (figures.get("document") or {}).get("cut")
    if not sides or _is_drawn(figures):
        return None
    where = "、".join(SIDES[side] for side in sides if side in SIDES)
    return PictureNote(f"可能没有拍全({where})", "请把手机拿远一些，让四个角都在画面里再拍")


def screen_shot(figures: Figures) -> PictureNote | None:
    found = figures.get("screen")
    return (
        PictureNote("像是截屏", "请直接拍证件原件，不要上传手机或电脑的截屏")
        if found and screens.is_screenshot(found)
        else None
    )


NOTES: tuple[Callable[[Figures], PictureNote | None], ...] = (few_pixels, blurred, light, cut_off, screen_shot)


def notes(figures: Figures | None) -> list[PictureNote]:
    """Everything to say of one picture of a paper. Nothing of one that was never measured."""
    return [note for notice in NOTES if (note := notice(figures))] if figures else []
