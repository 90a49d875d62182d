"""Addresses that hide parts of the page: public names, one table, one page for all."""

from __future__ import annotations

import json
import re

import pytest

from pwlapp.ui import opening
from pwlapp.ui.i18n import catalogue, pick_language


def test_every_name_has_its_text() -> None:
    for lang in ("en", "ko"):
        words = {key.partition(".")[2] for key in catalogue(lang) if key.startswith("hide.")}
        assert words == set(opening.HIDEABLE)


def test_names_are_easy_to_type() -> None:
    assert [name for name in opening.HIDEABLE if not re.fullmatch(r"[a-z][a-z-]*", name)] == []


def test_the_script_holds_the_table_and_closes_no_tag() -> None:
    script = opening.script()
    table = json.loads(re.search(r"const hideable = (.*);", script)[1])  # type: ignore[index]
    assert list(table) == list(opening.HIDEABLE)
    assert all("display: none !important" in rule for rule in table.values())
    assert "</" not in script
    assert "HIDEABLE" not in script
    assert '["ko", "en"].includes' in script


@pytest.mark.parametrize(
    ("query", "lang"),
    [(b"lang=ko", "ko"), (b"hide=a&lang=en", "en"), (b"lang=xx", "en"), (b"", "en")],
)
def test_an_address_may_choose_the_language(query: bytes, lang: str) -> None:
    assert pick_language(None, "en-US", query) == lang
    assert pick_language("pwl_lang=ko", "ko", b"lang=en") == "en"
