"""修改: the list of what was marked, one screen for each, and the document that is corrected."""

from blueprints.wizard.corrections import pages

__all__ = ["pages"]
