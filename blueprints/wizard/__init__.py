"""The applicant's way from 阅读须知 to 申报进度 and the corrections. Which page is decided by the URL alone."""

from blueprints.wizard import check, corrections, pages, papers, phone_upload, sorting, status, steps, topics, uploads
from blueprints.wizard.phone_upload import phone
from blueprints.wizard.shared import bp

__all__ = [
    "bp",
    "check",
    "corrections",
    "pages",
    "papers",
    "phone",
    "phone_upload",
    "sorting",
    "status",
    "steps",
    "topics",
    "uploads",
]
