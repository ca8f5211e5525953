"""The read-only API /api/v1, for a province's other systems (docs/api.md)."""

from blueprints.api import resources
from blueprints.api.shared import bp

__all__ = ["bp", "resources"]
