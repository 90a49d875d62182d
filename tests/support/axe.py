"""Runs axe-core in a page, and decides the cases that axe reports as incomplete."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.support.lecture_page import LecturePage

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"

# The contrast of a text as WCAG 2 defines it, with the nearest background that is not transparent.
CONTRAST = """
  const rgb = (text) => {
    const [r, g, b, alpha = 1] = text.match(/[\\d.]+/g).map(Number);
    return text.startsWith("color(") ? [255 * r, 255 * g, 255 * b, alpha] : [r, g, b, alpha];
  };
  const over = ([r, g, b, alpha], below) =>
    [r, g, b].map((value, i) => alpha * value + (1 - alpha) * below[i]);
  const backgroundOf = (node) => {
    if (!node) return [255, 255, 255];
    const colour = rgb(getComputedStyle(node).backgroundColor);
    return colour[3] === 1 ? colour : over(colour, backgroundOf(node.parentElement));
  };
  const opacityOf = (node) =>
    node ? getComputedStyle(node).opacity * opacityOf(node.parentElement) : 1;
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) =>
      value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const hasContrast = (node) => {
    const style = getComputedStyle(node);
    const below = backgroundOf(node);
    const [r, g, b, alpha] = rgb(node instanceof SVGElement ? style.fill : style.color);
    const text = over([r, g, b, alpha * opacityOf(node)], below);
    const [dark, light] = [luminance(text), luminance(below)].sort((a, b) => a - b);
    const px = parseFloat(style.fontSize);
    const isLarge = px >= 24 || (px >= 18.66 && style.fontWeight >= 700);
    return (light + 0.05) / (dark + 0.05) >= (isLarge ? 3 : 4.5);
  };
"""

# axe reports a contrast as incomplete where a text is a single character, lies over a gradient or
# under a layer of a plot. Those layers are transparent, and the gradients only shade the edges of a
# box that scrolls, so the background behind them counts. A name is incomplete where the button
# shows no letter that it could repeat, such as ✕.
PROBLEMS = f"""async ([selector, rules]) => {{
  {CONTRAST}
  const ALL_BUT_CONTRAST = {{ rules: {{ "color-contrast": {{ enabled: false }} }} }};
  const decided = {{
    "color-contrast": hasContrast,
    "label-content-name-mismatch": (node) => !/[\\p{{L}}\\p{{N}}]/u.test(node.innerText),
  }};
  const found = await axe.run(selector ? {{ include: [selector] }} : document, {{
    ...(rules.length ? {{ runOnly: rules }} : ALL_BUT_CONTRAST),
    resultTypes: ["violations", "incomplete"], preload: false, elementRef: true }});
  const described = (verdict, {{ id, nodes }}) => nodes
    .filter(({{ element }}) => verdict === "violation" || !decided[id]?.(element))
    .map(({{ target, html, any, all, none }}) => [
      `${{verdict}} of ${{id}}: ${{target.join(" ")}}`, html.slice(0, 160),
      ...[...any, ...all, ...none].map(({{ message }}) => message)].join("\\n  "));
  return [...found.violations.flatMap((each) => described("violation", each)),
          ...found.incomplete.flatMap((each) => described("undecided", each))];
}}"""

# WCAG has no contrast requirement for disabled or hidden elements.
UNUSED = ":disabled, [inert], [aria-hidden='true'], .visually-hidden, option, script, style"
FAINT = f"""(selector) => {{
  {CONTRAST}
  const hasText = (node) =>
    [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
  const root = document.querySelector(selector || "body");
  return [...root.querySelectorAll("*")]
    .filter((node) => hasText(node) && !node.closest("{UNUSED}") && !hasContrast(node) &&
      node.checkVisibility({{ visibilityProperty: true }}))
    .map((node) => `faint: ${{node.outerHTML.slice(0, 160)}}`);
}}"""


CONTRAST_RULE = ("color-contrast",)
SIZE_RULES = ("scrollable-region-focusable",)  # those that depend on the size of the screen


def problems(page: LecturePage, selector: str = "", rules: Sequence[str] = ()) -> list[str]:
    """The violations that axe finds, and the incomplete cases that this module cannot decide.

    Parameters
    ----------
    selector : str
        The part of the page to check; if empty, the whole page with its landmarks.
    rules : sequence of str
        axe's rules; if empty, all but the one for contrasts, which takes most of its time: see
        `faint`.
    """
    if not page.page.evaluate("'axe' in window"):
        page.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.page.evaluate(PROBLEMS, [selector, list(rules)])
    return found


def faint(page: LecturePage, selector: str = "") -> list[str]:
    """The texts with too little contrast: the same formula as axe's, in a tenth of its time."""
    found: list[str] = page.page.evaluate(FAINT, selector)
    return found
