"""The applicant's way from 阅读须知 to 申报进度 and the corrections. Which page is decided by the URL alone."""

from blueprints.wizard import after, check, corrections, hand_over, pages, papers, steps, uploads
from blueprints.wizard.frame import bp
from blueprints.wizard.hand_over import phone

__all__ = ["after", "bp", "check", "corrections", "hand_over", "pages", "papers", "phone", "steps", "uploads"]
