from __future__ import annotations

import re
from pathlib import Path

import pytest

from pwlapp.core.data.datasets import LAWS
from pwlapp.core.engines import ID_PATTERN
from pwlapp.ui import board_ids, i18n, ids, layout

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "assets").rglob("*.ts")))


@pytest.mark.parametrize(
    ("cookie", "accept", "lang"),
    [
        (None, None, "en"),
        (None, "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        (None, "en;q=0.3, ko;q=0.9", "ko"),
        (None, "fr,de;q=0.9", "en"),
        (None, "ko;q=oops,en;q=0.1", "en"),
        ("pwl_lang=ko", "en-US", "ko"),
        ("a=b; pwl_lang=en", "ko", "en"),
        ("pwl_lang=xx", "ko", "ko"),
        ("pwl_lang=\x00;;;===", "ko", "ko"),
    ],
)
def test_language_of_a_request(cookie: str | None, accept: str | None, lang: str) -> None:
    assert i18n.pick_language(cookie, accept) == lang


def test_seats_are_called_students() -> None:
    texts = {key: re.sub(r"{.*?}", "", text) for key, text in i18n.catalogue("en").items()}
    assert [key for key, text in texts.items() if re.search(r"\bseats?\b", text, re.I)] == []


def test_an_unknown_catalogue() -> None:
    with pytest.raises(ValueError, match="xx"):
        i18n.catalogue("xx")


def test_every_key_in_the_browser_code_has_its_text() -> None:
    keys = set(re.findall(r'"((?:[a-z]+)\.[a-z][a-z_0-9]+)"', SCRIPTS))
    sections = {key.split(".")[0] for key in i18n.catalogue("en")}
    used = {key for key in keys if key.split(".")[0] in sections}
    assert len(used) > 30
    assert used <= set(i18n.catalogue("en"))


def test_scripts_loaded_with_the_page_have_their_texts() -> None:
    """Modules that the entry imports use no message that is loaded later with another part."""
    found: set[Path] = set()

    def follow(path: Path) -> None:
        if path in found:
            return
        found.add(path)
        for name in re.findall(
            r'^(?:import|export) (?!type).*?"(\..*?)";', path.read_text("utf-8"), re.M
        ):
            follow((path.parent / f"{name}.ts").resolve())

    follow(ROOT / "assets" / "main.ts")
    assert 40 < len(found) < 100
    used = {
        key
        for path in found
        for key in re.findall(r'"([a-z]+\.[a-z_]+)"', path.read_text("utf-8"))
        if key in i18n.catalogue("en")
    }
    assert len(used) > 50
    assert used <= set(layout._page_words(i18n.catalogue("en")))


def test_a_preset_option_has_the_same_place_in_every_language() -> None:
    """An answer is the place of an option, whichever language it was read in."""
    options = [i18n.catalogue(lang)["board.preset_options"].split("\n") for lang in ("en", "ko")]
    assert len(options[0]) == len(options[1])


def test_every_dataset_and_engine_has_its_name() -> None:
    """The browser composes these keys, so the test above cannot find them."""
    loops = re.match(r"\(([\w|]+)\)@", ID_PATTERN)
    assert loops
    names = {f"dataset.{law}" for law in LAWS}
    names |= {f"engine.{loop}_cpu" for loop in loops[1].split("|")}
    assert names <= set(i18n.catalogue("en"))


def test_ids_in_the_browser_code_are_those_of_the_layout() -> None:
    """Each id in the scripts is declared in Python, or the scripts make the element."""
    tables = (*vars(ids).values(), *vars(board_ids).values())
    declared = {value for value in tables if isinstance(value, str)}
    declared |= {f"{panel}-{part}" for panel in ids.BUILD_PANELS for part in ("plot", "title")}
    declared |= {f"construction-{k}" for k in range(1, 7)} | {
        "construction-name",
        "catalogue",
        "addresses",
        "limits",
        "figures",
        "page",
        "hidden-by-teacher",
    }
    made = set(
        re.findall(
            r'(?:id: |\.id = |[bB]utton\((?="[a-z-]+", )|slide\(|field\("[a-z.]+", )"([a-z-]+)"',
            SCRIPTS,
        )
    )
    wanted = set(re.findall(r'(?:byId|getElementById)\("([a-z0-9-]+)"', SCRIPTS))
    assert len(wanted) > 20
    assert wanted <= declared | made


def test_korean_needs_no_choice_of_particle() -> None:
    """A particle that follows a placeholder would depend on the last letter of what fills it."""
    particles = "을|를|은|는|이|가|과|와|으로|로"
    crutch = re.compile(rf"({particles})?\(({particles})\)|\}}[’”]?({particles})(?= |,|\.|$)")
    assert [key for key, words in i18n.catalogue("ko").items() if crutch.search(words)] == []
