"""How the URL of a page changes its opening: ``?hide=options,explore&lesson=seeds.2&lang=ko#fit``.

Lecturers write such URLs, or make them in Take home. The server sends the same page for all of
them, and a script at its top hides parts before the first paint. It also hides what the teacher of
the student's class has hidden, as far as the browser knows. The lessons read ``lesson``.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from pwlapp.ui import ids, lessons
from pwlapp.ui.i18n import LANGUAGES

LESSONS = tuple(lesson.id for lesson in lessons.LESSONS)


class Hideable(NamedTuple):
    """The part of the page that a name in ``?hide=`` hides.

    Attributes
    ----------
    selector : str
        CSS selector.
    inside : str
        For a card: the id of an element in it.
    """

    selector: str
    inside: str = ""


def _section(id_: str, *more: str) -> Hideable:
    return Hideable(", ".join([f"#{id_}", f'nav a[href="#{id_}"]', *more]))


def _field(id_: str) -> Hideable:
    return Hideable(f".field:has(#{id_})")


def _only(*ids_: str) -> Hideable:
    return Hideable(", ".join(f"#{id_}" for id_ in ids_))


def _explore(name: str) -> Hideable:
    return Hideable(f'#explore-{name}, #explore-pick a[href="#explore-{name}"]')


def _card(id_: str) -> Hideable:
    return Hideable(f".card:has(#{id_})", id_)


# The public names, in the order of the page. Lecturers have them in their notes: never rename one.
HIDEABLE = {
    "build": _section(ids.BUILD),
    "sliders": _only(ids.BUILD_WEIGHTS),
    "start": _only(ids.BUILD_START),
    "challenge": _only(ids.BUILD_CHALLENGE, ids.BUILD_CHALLENGE_CARD),
    "random": _only(ids.BUILD_RANDOM),
    "pipeline": _only("build-steps .build-pipeline"),
    "constructions": _only("tab-build-constructions-panel", "build-constructions-panel"),
    "equations": _only("tab-build-equations-panel", "build-equations-panel"),
    "fit": _section(ids.FIT),
    "data": _only(ids.FIT_DATA_PANEL),
    "seed": _field(ids.FIT_SEED),
    "epochs": _field(ids.FIT_EPOCHS),
    "train": _only(ids.FIT_TRAIN),
    "pause": _only(ids.FIT_PAUSE, ids.FIT_RESUME),
    "step": _only(ids.FIT_STEP),
    "reset": _only(ids.FIT_RESET),
    "options": _only(ids.FIT_OPTIONS),
    "net": Hideable(f"fieldset:has(#{ids.FIT_HIDDEN})"),
    "optimizer": Hideable(f"fieldset:has(#{ids.FIT_OPTIMIZER})"),
    "engine": Hideable(f"fieldset:has(#{ids.FIT_ENGINE})"),
    "playback": _only(ids.FIT_PLAYBACK),
    "stuck": _only(ids.FIT_STUCK),
    "yhat": _card(ids.FIT_YHAT_PLOT),
    "logit": _card(ids.FIT_LOGIT_PLOT),
    "loss": _card(ids.FIT_LOSS_PLOT),
    "weights": _card(ids.FIT_WEIGHTS),
    "checkpoints": _only(ids.FIT_CHECKPOINTS_PANEL),
    "explore": _section(ids.EXPLORE),
    "seeds": _explore("seeds"),
    "surface": _explore("surface"),
    "byhand": _explore("byhand"),
    "compare": _explore("compare"),
    "keep": _only(ids.COMPARE_KEEP_IN_FIT),
    "pieces": _explore("pieces"),
    "onestep": _explore("onestep"),
    "share": _section(ids.SHARE, f"#{ids.SHARE_OPEN}"),
    "link": _card(ids.SHARE_LINK),
    "code": _card(ids.SHARE_FILES),
    "pictures": _card(ids.SHARE_PICTURES),
    "open": _card(ids.SHARE_IMPORT),
    "lessons": _only(ids.LESSONS_OPEN, ids.TOUR_HELP),
    "class": _section(ids.CLASS, f"#{ids.BOARD}", f"#{ids.BOARD_LINK}"),
    "language": _only(ids.LANGUAGE_SWITCH),
    "theme": _only(ids.THEME_SWITCH),
}

# All parts of the drawer "options": if they are hidden, so is its button.
OPTIONS = ("net", "optimizer", "engine")

# If the URL names no view, the first view that is not hidden is shown.
VIEWS = (ids.FIT, ids.BUILD, ids.EXPLORE, ids.SHARE, ids.CLASS, ids.BOARD)

# Runs before the first paint, so that dark mode has no white flash and hidden parts never appear.
# The cookie sets the language of later requests.
_SCRIPT = """
(() => {
  const query = new URLSearchParams(location.search);
  const root = document.documentElement;
  const themes = ["dark", "light"];
  try {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const wishes = [query.get("theme"), localStorage.getItem("pwl.theme"), dark ? "dark" : "light"];
    root.dataset.theme = wishes.find((name) => themes.includes(name));
  } catch { root.dataset.theme = "light"; }
  if (LANGUAGES.includes(query.get("lang"))) {
    document.cookie = `pwl_lang=${query.get("lang")}; max-age=31536000; samesite=lax`;
  }
  const hideable = HIDEABLE;
  const named = (query.get("hide") ?? "").split(",").map((name) => name.trim());
  const wanted = [...new Set(named)].filter(Boolean);
  const [hidden, unknown] = [true, false].map((known) =>
    wanted.filter((name) => Object.hasOwn(hideable, name) === known));
  const emptied = EMPTIED.every((name) => hidden.includes(name)) ? ["options"] : [];
  let ofClass = [];
  try {
    const kept = localStorage.getItem("pwl.seat") && localStorage.getItem("pwl.hidden");
    ofClass = (kept ?? "").split(",").filter((name) => Object.hasOwn(hideable, name));
  } catch {}
  const addStyle = (id, names) => {
    const style = document.createElement("style");
    style.id = id;
    style.textContent = names.map((name) => hideable[name]).join("\\n");
    document.head.append(style);
  };
  addStyle("hidden-by-link", [...hidden, ...emptied]);
  addStyle("hidden-by-teacher", ofClass);
  const views = VIEWS;
  const isView = (name) => new RegExp(`^#${name}(?![a-z])`).test(location.hash);
  const gone = [...hidden, ...ofClass];
  const isOffered = (name) => !gone.includes(name === "board" ? "class" : name);
  const offered = views.filter(isOffered);
  root.dataset.view = offered.find(isView) ?? offered[0] ?? views[0];
  if (query.get("projector") === "1") root.dataset.projector = "";
  root.dataset.opening = JSON.stringify({ hideable, hidden, unknown });
})();
"""


def script() -> str:
    """The script for the top of the page, with the style for each name."""
    table = json.dumps({name: style(each) for name, each in HIDEABLE.items()})
    made = _SCRIPT.replace("HIDEABLE", table, 1)
    made = made.replace("VIEWS", json.dumps(VIEWS), 1)
    made = made.replace("EMPTIED", json.dumps(OPTIONS), 1)
    return made.replace("LANGUAGES", json.dumps(LANGUAGES), 1)


def style(each: Hideable) -> str:
    """The CSS that hides a part; the card beside a hidden card gets its space."""
    rule = f"{each.selector} {{ display: none !important; }}"
    if each.inside:
        rule += (
            f" .grid:has(> .card #{each.inside})"
            " { grid-template-columns: minmax(0, 1fr) !important; }"
        )
    return rule
