"""The fonts of one document: a code of two bytes for each character that it shows, and a subset of each file.

A subset has the glyphs in the order of the codes. Two characters that share a glyph have two codes: each copies as what
it is. What a viewer copies is UTF-16BE, at most 100 entries in a block (PDF 32000, 9.10.3).
"""

from lib.pdf import fonts
from lib.pdf.file import PdfFile
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

    def write(self, pdf: PdfFile) -> int:
        name = f"AAAAAA+{self.file.name}"
        left, bottom, right, top, ascent, descent = self.file.box()
        outlines = self.file.subset(self.glyphs)
        file = pdf.stream(outlines, f"/Length1 {len(outlines)}")
        descriptor = pdf.add(
            f"/Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [{left} {bottom} {right} {top}] "
            f"/ItalicAngle 0 /Ascent {ascent} /Descent {descent} /CapHeight {ascent} /StemV 80 /FontFile2 {file} 0 R"
        )
        widths = " ".join([f"{self.file.width(glyph) * 1000:.4g}" for glyph in self.glyphs])
        described = pdf.add(
            f"/Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /FontDescriptor {descriptor} 0 R /W [1 [{widths}]] "
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /CIDToGIDMap /Identity"
        )
        copied = pdf.stream(_CMAP.format("\n".join(self._blocks())).encode())
        return pdf.add(
            f"/Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
            f"/DescendantFonts [{described} 0 R] /ToUnicode {copied} 0 R"
        )

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

    def write(self, pdf: PdfFile) -> str:
        """Add all to the file; returns the entries of a font dictionary."""
        return " ".join([f"{font.name} {font.write(pdf)} 0 R" for font in self._fonts.values()])


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
