"""A page at `/`: one file, nothing fetched from elsewhere, nothing run that is not in it."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from typing import Final

_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def read_page(package: str = __package__) -> tuple[str, dict[str, str]]:
    """Return a package's page.html and its headers: a browser runs the page's own script alone.

    What models say is shown as text, so this is a second lock on that door.
    """
    html = files(package).joinpath("page.html").read_text(encoding="utf-8")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hashes(_SCRIPT, html)}",
            f"style-src {_hashes(_STYLE, html)}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
    return html, headers


def _hashes(pattern: re.Pattern[str], html: str) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in pattern.findall(html))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
