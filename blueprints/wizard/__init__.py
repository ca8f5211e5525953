"""The applicant's way from 阅读须知 to 申报进度 and the corrections. Which page is decided by the URL alone."""

from blueprints.wizard import (
    check,
    corrections,
    pages,
    papers,
    phone_upload,
    print_code,
    screen_signature,
    sorting,
    status,
    steps,
    topics,
    uploads,
)
from blueprints.wizard.phone_upload import phone
from blueprints.wizard.print_code import print_shop
from blueprints.wizard.shared import bp

__all__ = [
    "bp",
    "check",
    "corrections",
    "pages",
    "papers",
    "phone",
    "phone_upload",
    "print_code",
    "print_shop",
    "screen_signature",
    "sorting",
    "status",
    "steps",
    "topics",
    "uploads",
]
