"""Make fonts/KuaijiLabel.ttf, the sans-serif of the fixed labels, out of the full Noto Sans SC. Run by hand.

    python3 -m venv /tmp/tools && /tmp/tools/bin/pip install fonttools
    npm pack @expo-google-fonts/noto-sans-sc && tar xzf expo-google-fonts-noto-sans-sc-*.tgz
    /tmp/tools/bin/python fonts/make_label_subset.py package/400Regular/NotoSansSC_400Regular.ttf

It keeps the 3,755 characters of GB 2312 level 1 and every character in the project's own sources, so an
edited label or option title is nearly always covered. Other characters print from the serif (lib/pdf/fonts.py), so a
stale subset looks worse but loses no text. The OFL requires a modified version to have a name of its own.
"""

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "fonts" / "KuaijiLabel.ttf"
SOURCES = ("**/*.py", "templates/**/*.html", "data/*.csv", "static/js/*.js")
SKIPPED = {".venv", ".git", "node_modules", "tests"}
PUNCTUATION = "　、。〇〈〉《》「」『』【】〔〕·—–…‘’“”□■○●→×℃№〓①②③④⑤⑥⑦⑧⑨⑩（），．：；！？％＋－＝＿／"
FAMILY = "Kuaiji Label"
POSTSCRIPT_NAME = "KuaijiLabel"


def gb2312_level_1() -> set[str]:
    """Rows 16 to 55 of the standard; the last five cells of row 55 are empty."""
    cells = ((row, cell) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    return {bytes(pair).decode("gb2312", "ignore") for pair in cells} - {""}


def used_in_the_project() -> set[str]:
    files = {path for pattern in SOURCES for path in ROOT.glob(pattern) if not SKIPPED & set(path.parts)}
    return {char for path in files for char in path.read_text(encoding="utf-8") if char.isprintable()}


def characters() -> set[str]:
    return gb2312_level_1() | used_in_the_project() | set(PUNCTUATION) | {chr(code) for code in range(0x20, 0x7F)}


def rename(font: TTFont) -> None:
    """A modified version must not carry the original's name; copyright and licence records stay."""
    names = {1: FAMILY, 2: "Regular", 3: f"{POSTSCRIPT_NAME} (subset)", 4: FAMILY, 6: POSTSCRIPT_NAME}
    for name_id, text in names.items():
        font["name"].setName(text, name_id, 3, 1, 0x409)


def make(source: Path) -> None:
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.name_languages = [0x409]
    options.drop_tables += ["BASE", "GDEF", "GPOS", "GSUB", "STAT", "vhea", "vmtx", "gasp"]
    font = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(char) for char in characters()])
    subsetter.subset(font)
    rename(font)
    subset.save_font(font, str(TARGET), options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="the full NotoSansSC_400Regular.ttf")
    make(parser.parse_args().source)


if __name__ == "__main__":
    main()
