"""Filters of neighbours give what Pillow's give, rims and small pictures included."""

import pytest
from PIL import Image, ImageFilter

from lib.pictures import neighbours


@pytest.mark.parametrize("size", [(40, 30), (31, 8), (8, 40)])
def test_they_give_what_pillow_gives(size: tuple[int, int]) -> None:
    noise = Image.effect_noise(size, 90)
    assert neighbours.median(noise).tobytes() == noise.filter(ImageFilter.MedianFilter(3)).tobytes()
    wide = noise.filter(ImageFilter.MaxFilter(3))
    assert neighbours.closed(noise).tobytes() == wide.filter(ImageFilter.MinFilter(3)).tobytes()
