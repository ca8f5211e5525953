"""The fonts of one document: a code of two bytes for each character that it shows, and a subset of each file.

A subset has the glyphs in the order of the codes. Two characters that share a glyph have two codes: each copies as what
it is. What a viewer copies is UTF-16BE, at most 100 entries in a block (PDF 32000, 9.10.3).
"""

from typing import Any

from reportlab.pdfbase.pdfdoc import BasicFonts, PDFArray, PDFDictionary, PDFStream

from lib.pdf import fonts
from lib.pdf.fonts import Face
from lib.pdf.truetype import TrueTypeFile

_CMAP = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
{}
endcmap
CMapName currentdict /CMap defineresource pop
end
end"""
_SYSTEM = "<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"


class _Font:
    """A file within the document: its characters and their glyphs in the order of their codes, which begin with 1."""

    def __init__(self, name: str, file: TrueTypeFile) -> None:
        self.name, self.file = name, file
        self.chars: list[str] = []
        self.glyphs: list[int] = []

    def code(self, char: str, glyph: int) -> str:
        self.chars.append(char)
        self.glyphs.append(glyph)
        return f"{len(self.chars):04x}"

    def add_to(self, document: Any) -> Any:
        """Add the font and its parts to a document of reportlab; returns the reference to it."""
        name = f"/AAAAAA+{self.file.name}"
        described = document.Reference(self._described(name, document))
        copied = document.Reference(PDFStream(content=_CMAP.format("\n".join(self._blocks())).encode()))
        font = {"Type": "/Font", "Subtype": "/Type0", "BaseFont": name, "Encoding": "/Identity-H"}
        return document.Reference(PDFDictionary(font | {"DescendantFonts": PDFArray([described]), "ToUnicode": copied}))

    def _described(self, name: str, document: Any) -> PDFDictionary:
        widths = " ".join([f"{self.file.width(glyph) * 1000:.4g}" for glyph in self.glyphs])
        font = {"Type": "/Font", "Subtype": "/CIDFontType2", "BaseFont": name, "CIDToGIDMap": "/Identity"}
        descriptor = document.Reference(self._descriptor(name, document))
        return PDFDictionary(font | {"FontDescriptor": descriptor, "CIDSystemInfo": _SYSTEM, "W": f"[1 [{widths}]]"})

    def _descriptor(self, name: str, document: Any) -> PDFDictionary:
        left, bottom, right, top, ascent, descent = self.file.box()
        outlines = self.file.subset(self.glyphs)
        file = document.Reference(PDFStream(PDFDictionary({"Length1": len(outlines)}), outlines))
        measures = {"Ascent": ascent, "Descent": descent, "CapHeight": ascent, "StemV": 80, "ItalicAngle": 0}
        box = f"[{left} {bottom} {right} {top}]"
        descriptor = {"Type": "/FontDescriptor", "FontName": name, "Flags": 4, "FontBBox": box, "FontFile2": file}
        return PDFDictionary(descriptor | measures)

    def _blocks(self) -> list[str]:
        pairs = [
            f"<{code:04X}> <{char.encode('utf-16-be', 'surrogatepass').hex().upper()}>"
            for code, char in enumerate(self.chars, 1)
        ]
        blocks = [pairs[at : at + 100] for at in range(0, len(pairs), 100)]
        return [line for block in blocks for line in (f"{len(block)} beginbfchar", *block, "endbfchar")]


class EmbeddedFonts:
    """All fonts of a document, which get their names and their codes as texts need them."""

    def __init__(self) -> None:
        self._fonts: dict[TrueTypeFile, _Font] = {}

    def encode(self, char: str, face: Face) -> tuple[str, str]:
        """The name of the font that has the character, and its code there in hex."""
        file, glyph = fonts.glyph(char, face)
        font = self._fonts.get(file)
        if font is None:
            font = self._fonts[file] = _Font(f"/F{len(self._fonts)}", file)
        return font.name, font.code(char, glyph)

    def addObjects(self, document: Any) -> None:  # noqa: N802 - reportlab's name: it calls this to write the fonts
        entries = document.idToObject[BasicFonts]
        for font in self._fonts.values():
            entries[font.name.removeprefix("/")] = font.add_to(document)


class Codes(dict[str, str]):
    """Character -> its code in hex within one document; ``fonts`` maps it to the name of its font there."""

    def __init__(self, face: Face, embedded: EmbeddedFonts) -> None:
        self.face = face
        self.embedded = embedded
        self.fonts: dict[str, str] = {}

    def __missing__(self, char: str) -> str:
        self.fonts[char], code = self.embedded.encode(char, self.face)
        self[char] = code
        return code
