"""A page of HTML that holds its style and its pictures, and has nothing to fetch."""

from __future__ import annotations

from base64 import b64encode
from html import escape


def document(title: str, style: str, body: str) -> str:
    """Return the page of a body."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def figure(png: bytes, caption: str) -> str:
    """Return a picture and what it shows."""
    data, text = b64encode(png).decode("ascii"), escape(caption)
    image = f'<img alt="{text}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{text}</figcaption></figure>"
