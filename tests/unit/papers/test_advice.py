"""Advice on a picture of a paper: a sentence for each fault, none for a good picture or for what is not known."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image

from lib.pictures import decoding
from services.papers import picture_advice
from tests.support.applicant.image_samples import encoded
from tests.support.applicant.paper_photos import document, screen_shot, taken

pytestmark = pytest.mark.slow


def said(data: bytes) -> list[str]:
    return [note.words for note in picture_advice.notes(decoding.paper(data)[0]["measures"])]


@pytest.mark.parametrize("seeds", [range(4), pytest.param(range(4, 200), marks=pytest.mark.soak)], ids=["few", "many"])
def test_of_a_good_picture_nothing_is_said(seeds) -> None:
    told = {seed: words for seed in seeds if (words := said(taken(seed).jpeg()))}
    assert len(told) <= 0.02 * len(seeds), told


@pytest.mark.parametrize("which", range(4))
def test_of_a_scan_nothing_is_said(which) -> None:
    assert said(encoded(document(which), "PNG")) == []
    assert said(encoded(document(which))) == []


FAULTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "blurred": (lambda: taken(2, blur=9).jpeg(), "可能模糊"),
    "dark": (lambda: taken(2, light=0.2).jpeg(), "太暗"),
    "cut": (lambda: taken(2, cut="bottom").jpeg(), "可能没有拍全(下边)"),
    "screen": (lambda: encoded(screen_shot(0), "PNG"), "像是截屏"),
    "small": (lambda: encoded(taken(2).image.resize((640, 480))), "只有 640×480 像素"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_said_in_its_words_with_what_to_do(fault) -> None:
    make, words = FAULTS[fault]
    assert words in said(make())
    for note in picture_advice.notes(decoding.paper(make())[0]["measures"]):
        assert note.advice.startswith(("请", "小字"))


def test_a_picture_measured_before_there_was_advice_and_one_never_measured_are_no_error() -> None:
    older = {"width": 1000, "height": 800, "sharpness": 0.8, "brightness": 150, "contrast": 190}
    assert picture_advice.notes(older) == picture_advice.notes(None) == picture_advice.notes({}) == []


def test_several_sides_are_named_and_an_unknown_one_is_left_out() -> None:
    note = picture_advice.cut_off({"document": {"cut": ["top", "left", "inside"]}})
    assert note
    assert note.words == "可能没有拍全(上边、左边)"


def test_an_exif_camera_speaks_against_a_screen_shot() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Phone"
    shot = screen_shot(1)
    assert "像是截屏" in said(encoded(shot, quality=80))
    assert "像是截屏" not in said(encoded(shot, quality=80, exif=exif))
