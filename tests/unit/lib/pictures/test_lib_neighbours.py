"""Filters of neighbours give what Pillow's give, rims and small pictures included."""

import pytest
from PIL import Image, ImageFilter

from lib.pictures import neighbours


@pytest.mark.parametrize("size", [(40, 30), (31, 8), (8, 40)])
def test_they_give_what_pillow_gives(size: tuple[int, int]) -> None:
    noise = Image.effect_noise(size, 90)
    assert neighbours.median(noise).tobytes() == noise.filter(ImageFilter.MedianFilter(3)).tobytes()
    for kernel in (3, 7, 11):
        wide = noise.filter(ImageFilter.MaxFilter(kernel))
        assert neighbours.closed(noise, kernel).tobytes() == wide.filter(ImageFilter.MinFilter(kernel)).tobytes()
    colours = Image.merge("RGB", [noise, noise.point(lambda value: value * 7 % 256), noise])
    assert neighbours.greatest(colours, 7).tobytes() == colours.filter(ImageFilter.MaxFilter(7)).tobytes()
