"""Checks of what pictures measure: the limits of lib.pictures.quality in words, and pictures that were never
measured."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from services.checks import pictures
from services.checks.case import Case

GOOD = {"width": 1600, "height": 1200, "sharpness": 0.8, "brightness": 150, "contrast": 200}
PHOTO = GOOD | {"ratio": 0.713, "background": 250, "evenness": 2, "fill": 0.4}


def case(**papers: list[dict[str, Any] | None]) -> Case:
    pages = {kind: [{"measures": figures} for figures in found] for kind, found in papers.items()}
    revision: Any = SimpleNamespace(
        declaration=SimpleNamespace(account=None), papers=pages, submitted_at=datetime(2026, 11, 23, tzinfo=UTC)
    )
    return Case(revision)


SPOILED = [
    (pictures.resolution, {"width": 599}, "只有 599×1200 像素"),
    (pictures.sharpness, {"sharpness": 0.44}, "可能模糊"),
    (pictures.light, {"brightness": 59}, "太暗"),
    (pictures.light, {"brightness": 226, "contrast": 149}, "太亮"),
    (pictures.light, {"contrast": 59}, "对比太弱"),
]


@pytest.mark.parametrize(("check", "figures", "words"), SPOILED)
def test_a_spoiled_picture_is_told_by_its_name(check: Any, figures: dict[str, Any], words: str) -> None:
    found = check(case(photo=[PHOTO], full_time_diploma=[GOOD, GOOD | figures], id_portrait=[GOOD]))
    assert (found.state, found.targets) == ("look", ("full_time_diploma",))
    assert found.reason.startswith("全日制学历证书第 2 张")
    assert words in found.reason


@pytest.mark.parametrize("check", [pictures.resolution, pictures.sharpness, pictures.light])
def test_good_pictures_pass_and_a_white_scan_is_not_too_bright(check: Any) -> None:
    scan = GOOD | {"brightness": 241, "contrast": 199}
    assert check(case(photo=[PHOTO], id_portrait=[GOOD, scan])).state == "passed"


@pytest.mark.parametrize("check", [pictures.resolution, pictures.sharpness, pictures.light])
def test_a_picture_without_measures_leaves_the_check_in_doubt(check: Any) -> None:
    found = check(case(id_portrait=[GOOD], id_emblem=[None]))
    assert (found.state, found.targets) == ("unknown", ("id_emblem",))


def test_a_problem_counts_more_than_a_doubt() -> None:
    found = pictures.sharpness(case(id_portrait=[GOOD | {"sharpness": 0.1}], id_emblem=[None]))
    assert (found.state, found.targets) == ("look", ("id_portrait",))


def test_the_one_inch_photo_may_be_small() -> None:
    assert pictures.resolution(case(photo=[PHOTO | {"width": 295, "height": 413}])).state == "passed"


PORTRAITS = [
    ({}, "passed", "合适"),
    ({"ratio": 0.8}, "look", "5:7"),
    ({"background": 199}, "look", "背景不是白色"),
    ({"evenness": 16, "fill": 0.95}, "look", "背景不均匀"),
    ({"fill": 0.2}, "look", "人像太小"),
    ({"fill": 0.9}, "look", "人像太大"),
]


@pytest.mark.parametrize(("figures", "state", "words"), PORTRAITS)
def test_ratio_background_and_size_of_the_portrait(figures: dict[str, Any], state: str, words: str) -> None:
    found = pictures.portrait(case(photo=[PHOTO | figures]))
    assert found is not None
    assert found.state == state
    assert words in found.reason


def test_an_uneven_background_says_nothing_about_the_persons_size() -> None:
    found = pictures.portrait(case(photo=[PHOTO | {"evenness": 30, "fill": 0.99}]))
    assert found is not None
    assert "人像" not in found.reason


def test_a_photo_that_was_never_measured_is_in_doubt_and_none_is_not_checked() -> None:
    found = pictures.portrait(case(photo=[None]))
    assert found is not None
    assert found.state == "unknown"
    assert pictures.portrait(case(id_portrait=[GOOD])) is None
