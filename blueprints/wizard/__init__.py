"""The applicant's way from 阅读须知 to 申报进度 and the corrections. Which page is decided by the URL alone."""

from blueprints.wizard import check, corrections, hand_over, pages, papers, status, steps, uploads
from blueprints.wizard.hand_over import phone
from blueprints.wizard.shared import bp

__all__ = ["bp", "check", "corrections", "hand_over", "pages", "papers", "phone", "status", "steps", "uploads"]
