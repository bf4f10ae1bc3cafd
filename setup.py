"""The metadata that cannot stand in setup.cfg: the README as a package index shows it.

An index has none of the files that the README points to. Where `project_urls` in setup.cfg names
the repository, as Source, links and pictures lead there; where it does not, links become plain text
and pictures are left out, so that nothing on the page is broken.
"""

import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
PICTURE = re.compile(r"!\[([^]]*)\]\((?!https?://)([^)]+)\)")
LINK = re.compile(r"(?<!!)\[([^]]*)\]\((?!https?://|#)([^)]+)\)")


def source() -> str:
    """Return the address of the repository's files, or nothing."""
    setup_cfg = ConfigParser()
    setup_cfg.read(HERE / "setup.cfg", encoding="utf-8")
    urls = setup_cfg.get("metadata", "project_urls", fallback="")
    named = dict(re.findall(r"^(\w+)\s*=\s*(\S+)$", urls, re.M))
    return named.get("Source", "").rstrip("/")


def for_an_index(readme: str, repository: str) -> str:
    """Return a README whose links and pictures work away from its repository."""
    if repository:
        readme = PICTURE.sub(rf"![\1]({repository}/raw/main/\2)", readme)
        return LINK.sub(rf"[\1]({repository}/blob/main/\2)", readme)
    return LINK.sub(r"\1", PICTURE.sub("", readme))


setup(
    long_description=for_an_index((HERE / "README.md").read_text(encoding="utf-8"), source()),
    long_description_content_type="text/markdown",
)
