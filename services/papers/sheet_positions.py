"""Where people sign and stamp on the printed sheet, for the reader of its picture: drawn by
services/sheet/drawing.py.

Millimetres; see lib.pictures.sheet_marks.SheetPlace. With an employer the signature has a box of its own right of the
stamp's; without, and on continuation pages, its line is next to its label.
"""

from lib.pictures.sheet_marks import Form, SheetPlace

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # of check codes: no 0 O 1 I
CODE_LENGTH = 16  # of 5 bits each
#: The end of a sheet's address, under any host. On sheets of several pages it includes the page's number.
PATTERN = rf"/verify/(?P<code>[{ALPHABET}]{{{CODE_LENGTH}}})(?:#(?P<page>[0-9]{{1,2}})/(?P<pages>[0-9]{{1,2}}))?$"

WITH_EMPLOYER, ALONE = "employer", "alone"

FORMS = {
    WITH_EMPLOYER: Form(
        lines=(
            SheetPlace(115.0, 7.2, 192.5, -12.7),
            SheetPlace(151.0, 1.2, 192.5, 7.2),
            SheetPlace(117.0, -11.2, 188.0, -8.9),
        ),
        label=SheetPlace(115.0, 1.5, 148.0, 7.0),
        stamp=SheetPlace(24.5, 0.5, 193.0, -0.5),
    ),
    ALONE: Form(
        lines=(
            SheetPlace(104.0, 1.0, 192.5, -17.2),
            SheetPlace(143.0, -17.2, 190.0, -12.7),
            SheetPlace(143.0, -11.2, 188.0, -8.9),
        ),
        label=SheetPlace(107.5, -17.0, 141.5, -12.0),
    ),
}
