"""Texts of the office: read line by line, compared by lines and characters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lib import plain_text
from lib.plain_text import TextBlock, blocks, differences

LINES = st.lists(st.text("甲乙丙丁1.【】 ", min_size=1, max_size=8), max_size=6).map("\n".join)


def test_paragraphs_lists_and_headings_keep_their_order_and_numbers() -> None:
    text = plain_text.normalise("【请注意】\r\n\r\n　　第一段。  2. 不是\n3. 丙\n4、丁\n1.5 倍\n5.\n")

    assert blocks(text) == [
        TextBlock("heading", ((0, "请注意"),)),
        TextBlock("paragraph", ((0, "第一段。 2. 不是"),)),
        TextBlock("list", ((3, "丙"), (4, "丁"))),
        TextBlock("paragraph", ((0, "1.5 倍"),)),
        TextBlock("paragraph", ((0, "5."),)),
    ]


@given(LINES, LINES)
def test_a_comparison_holds_both_texts_whole(before: str, after: str) -> None:
    found = differences(before, after)

    def without(what: str) -> list[str]:
        lines = ["".join(text for tag, text in line if tag != what) for line in found]
        return [line for line in lines if line]

    assert "".join(without("ins")) == before.replace("\n", "")
    assert "".join(without("del")) == after.replace("\n", "")
