"""The CSRF token of forms: Flask-WTF's, masked again in each answer, because pages are compressed (docs/adr/019)."""

from __future__ import annotations

import hmac
from functools import lru_cache

from flask import Flask, current_app
from flask.globals import app_ctx, request_ctx
from flask_wtf.csrf import CSRFProtect, generate_csrf
from itsdangerous import BadData, URLSafeTimedSerializer

from lib.http.masking import masked, unmasked


def masked_token() -> str:
    """The token for the forms of this answer."""
    ours = app_ctx.g
    if "masked_csrf_token" not in ours:
        ours.masked_csrf_token = masked(_own_token() or generate_csrf())
    return str(ours.masked_csrf_token)


def _own_token() -> str:
    """The token of the page cookie, or of the session; empty before there is a secret."""
    secret = request_ctx.session.get("csrf_token")
    return _signed(app_ctx.app.secret_key, secret) if secret else ""


@lru_cache(maxsize=2000)
def _signed(_app_secret: str, _secret: str) -> str:
    """The token of this page's secret. It has no age of its own (``WTF_CSRF_TIME_LIMIT``), so one signature serves."""
    return str(generate_csrf())


class MaskedCSRF(CSRFProtect):
    def init_app(self, app: Flask) -> None:
        super().init_app(app)
        app.context_processor(lambda: {"csrf_token": masked_token})
        app.jinja_env.globals["csrf_token"] = masked_token

    def protect(self, apply_exemptions: bool = False) -> None:
        if request_ctx.request.method not in app_ctx.app.config["WTF_CSRF_METHODS"]:  # most requests are none of these
            return
        if self._has_own_token():
            app_ctx.g.csrf_valid = True
        else:
            super().protect(apply_exemptions)

    def _has_own_token(self) -> bool:
        """Does the form carry what this process signed for this very secret? Then its signature need not be checked.

        What another process has signed, or what is wrong, Flask-WTF looks at.
        """
        if not request_ctx.request.endpoint or self._is_exempt() or not (own := _own_token()):
            return False
        return hmac.compare_digest(own.encode(), (self._get_csrf_token() or "").encode())

    def secret_of_form(self) -> str:
        """The secret of the page that the form came from, the sender's or not; empty if we never gave it out."""
        signer = URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="wtf-csrf-token")
        try:
            return str(signer.loads(self._get_csrf_token() or ""))
        except BadData:
            return ""

    def _get_csrf_token(self) -> str | None:
        """What the form or the header carries, without its mask."""
        sent = super()._get_csrf_token()
        return unmasked(sent) if sent else None
