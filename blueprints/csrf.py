"""The CSRF token of forms: Flask-WTF's, masked anew in each answer, because pages are compressed (docs/adr/019)."""

from __future__ import annotations

from flask import Flask, g
from flask_wtf.csrf import CSRFProtect, generate_csrf

from lib.http.masking import masked, unmasked


def masked_token() -> str:
    """The token for the forms of this answer."""
    if "masked_csrf_token" not in g:
        g.masked_csrf_token = masked(generate_csrf())
    return str(g.masked_csrf_token)


class MaskedCSRF(CSRFProtect):
    def init_app(self, app: Flask) -> None:
        super().init_app(app)
        app.context_processor(lambda: {"csrf_token": masked_token})
        app.jinja_env.globals["csrf_token"] = masked_token

    def _get_csrf_token(self) -> str | None:
        """What the form or the header carries, without its mask."""
        sent = super()._get_csrf_token()
        return unmasked(sent) if sent else None
