"""管理: what a province and its offices keep up by themselves, one module a page or list."""

from blueprints.admin import (
    administrators,
    agreed_texts,
    api_tokens,
    audit,
    backups,
    bureaus,
    department_setup,
    departments,
    hints,
    home,
    messages,
    notices,
    old_register,
    options,
    reasons,
    staff,
    working_days,
)
from blueprints.admin.shared import bp

__all__ = [
    "administrators",
    "agreed_texts",
    "api_tokens",
    "audit",
    "backups",
    "bp",
    "bureaus",
    "department_setup",
    "departments",
    "hints",
    "home",
    "messages",
    "notices",
    "old_register",
    "options",
    "reasons",
    "staff",
    "working_days",
]
