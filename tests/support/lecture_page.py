"""The page as a student uses it: reads what is painted, and presses its controls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Locator, Page, expect

# A change that is requested in one animation frame is painted in the next one.
AFTER_PAINT = (
    "await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));"
)

# The points of a painted line, from its path on the screen back to the axes' units.
PAINTED = f"""async ([id, trace]) => {{
  {AFTER_PAINT}
  const gd = document.querySelector(`#${{id}} .js-plotly-plot`);
  const {{ xaxis, yaxis }} = gd._fullLayout;
  const lines = [...gd.querySelectorAll("path.js-line")];
  const line = lines.find((path) => path.closest(".trace").__data__[0].trace.index === trace);
  return line.getAttribute("d").slice(1).split("L").map((point) => {{
    const [x, y] = point.split(",").map(Number);
    return [xaxis.p2d(x), yaxis.p2d(y)];
  }});
}}"""

# Modules are imported once, so these are the instances that the page itself runs.
MODULES = """async () => {
  const { testing } = await import(document.querySelector("script[src*='static/main']").src);
  window.pwl = await testing();
}"""

# Conditions that each test waits for. They run in the page, which checks them at each animation
# frame; `expect` checks after 0.1, 0.25, 0.5 and then each full second.
SHOWN = """() => {
  const loss = document.querySelector("#count-loss")?.textContent ?? "";
  return document.querySelector("#build-weights input") && loss !== "" && loss !== "–" &&
    document.querySelector("#fit-data").textContent !== "";
}"""
AT_EPOCH = """(epoch) => document.querySelector("#count-epoch").textContent === epoch &&
  !document.querySelector("#fit-train").disabled"""

# Each plot was drawn for the present size of its box. (A plot in 3-D has no clip.)
DRAWN_TO_SIZE = """(view) => {
  const plots = [...document.querySelectorAll(`#${view} .js-plotly-plot`)];
  return plots.every((gd) => {
    const { width, height, margin } = gd._fullLayout;
    const clip = gd.querySelector("clipPath.plotclip rect")?.width.baseVal.value ?? 0;
    return Math.abs(width - gd.clientWidth) < 1 && Math.abs(height - gd.clientHeight) < 1
      && clip <= width - margin.l - margin.r + 1;
  });
}"""

DRAWN = f"""async ([id, trace]) => {{
  {AFTER_PAINT}
  const {{ x, y }} = document.querySelector(`#${{id}} .js-plotly-plot`).data[trace];
  return [Array.from(x), Array.from(y)];
}}"""


# Texts in smaller letters than a projector's back row can read.
SMALL_TEXTS = """(px) => [...document.querySelectorAll("main *")].filter((node) =>
  node.checkVisibility({ visibilityProperty: true }) && [...node.childNodes].some((child) =>
    child.nodeType === 3 && child.textContent.trim())
  && parseFloat(getComputedStyle(node).fontSize) < px
  && !node.closest(".visually-hidden, h2"))
  .map((node) => `${node.textContent} ${getComputedStyle(node).fontSize}`)"""


def number(text: str) -> float:
    """Parse a number as the page writes it: 5,000 or −0.4414."""
    return float(text.replace(",", "").replace("−", "-"))


class LecturePage:
    """The page in one open tab."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until the page can be used; then its modules are in ``pwl``, see `load`."""
        self.wait_until_shown()
        self.page.evaluate(MODULES)

    def load(self, part: str) -> None:
        """Load a part as a visitor's click does, and add its modules to ``pwl``."""
        self.page.evaluate("(part) => pwl.load(part)", part)

    def wait_until_shown(self) -> None:
        """Wait for both halves: Build's sliders, and Fit's net with its loss."""
        self.page.wait_for_function(SHOWN)

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def painted(self, graph: str, trace: int) -> list[list[float]]:
        """The points of a painted trace, in the units of the axes."""
        points: list[list[float]] = self.page.evaluate(PAINTED, [graph, trace])
        return points

    def drawn(self, graph: str, trace: int) -> tuple[list[float], list[float]]:
        """The data from which Plotly draws a trace."""
        x, y = self.page.evaluate(DRAWN, [graph, trace])
        return x, y

    def wait_until_drawn_to_size(self, view: str) -> None:
        """Wait until each plot of a view, or of a card of Explore, has the size of its box."""
        self.page.wait_for_function(DRAWN_TO_SIZE, arg=view)

    def texts_below(self, px: float) -> list[str]:
        """Visible texts in letters smaller than this."""
        small: list[str] = self.page.evaluate(SMALL_TEXTS, px)
        return small

    # Views

    def go(self, view: str) -> None:
        """Show a view, or a card of Explore, by its URL fragment."""
        self.page.evaluate("(view) => { location.hash = view; }", view)
        expect(self.find(f"#{view}")).to_be_visible()

    @contextmanager
    def at(self, view: str) -> Iterator[None]:
        """Show another view during a ``with`` block."""
        before = self.page.evaluate(
            "location.hash.slice(1) || document.documentElement.dataset.view"
        )
        if before != view:
            self.go(view)
        yield
        if before != view:
            self.go(before)

    @contextmanager
    def shown(self, selector: str) -> Iterator[Locator]:
        """Show the view and the drawer of an element during a ``with`` block."""
        node = self.find(selector)
        view = node.evaluate("(node) => node.closest('.explore-card, .view')?.id")
        with self.at(view):
            drawer = node.evaluate("(node) => node.closest('details.drawer')?.id")
            if drawer:
                self.open_drawer(drawer)
            else:
                self.close_drawers()
            yield node

    def fill(self, selector: str, text: str) -> None:
        """Type into a field of any view."""
        with self.shown(selector) as field:
            field.fill(text)

    def click(self, selector: str) -> None:
        """Press a control of any view; what it opens stays open."""
        with self.shown(selector) as button:
            button.click()

    # Fit

    def open_drawer(self, drawer: str) -> None:
        """Open a drawer of Fit, if it is closed."""
        if not self.find(f"#{drawer}").evaluate("(drawer) => drawer.open"):
            self.find(f"#{drawer} > summary").click()
        expect(self.find(f"#{drawer} .drawer-body")).to_be_visible()

    def close_drawers(self) -> None:
        """Close all drawers, which cover the plots."""
        self.page.evaluate(
            "document.querySelectorAll('details.drawer').forEach((each) => (each.open = false))"
        )

    def unfold(self) -> None:
        """Open the drawer with net, optimizer and engine."""
        with self.at("fit"):
            self.open_drawer("fit-options")

    def choose(self, group: str, value: str) -> None:
        """Press a radio button or tick a box."""
        with self.shown(f"#{group} input[value='{value}']") as box:
            box.check()

    def skip_replay(self) -> None:
        """Show the end of each run at once."""
        with self.shown("#playback-skip") as box:
            box.check()

    def choose_slow_engine(self) -> None:
        """Choose the lecture's loop, whose long runs leave the test time to act."""
        self.choose("fit-engine", "torch@cpu")
        self.close_drawers()

    def train(self, epochs: int | None = None) -> None:
        self.page.bring_to_front()  # a background tab paints nothing
        with self.at("fit"):
            if epochs is not None:
                self.find("#fit-epochs").fill(str(epochs))
            self.find("#fit-train").click()

    def wait_for_epoch(self, epoch: int, timeout_s: float = 180) -> None:
        """Wait until the run has ended and its last epoch is shown."""
        self.page.bring_to_front()
        self.page.wait_for_function(AT_EPOCH, arg=f"{epoch:,}", timeout=timeout_s * 1000)

    def weights(self, section: str = "fit", count: int = 5) -> list[str]:
        """The values of the fields, as shown."""
        expect(self.find(f"#{section}-weights .weight-field")).to_have_count(count)
        return [
            self.find(f"#{section}-weights-{k}-field").input_value().replace("−", "-")
            for k in range(count)
        ]

    def loss(self) -> str:
        return self.find("#count-loss").text_content() or ""

    def checkpoint_rows(self) -> list[list[str]]:
        """The cells of the table of checkpoints, without the differences in small print."""
        rows: list[list[str]] = self.page.evaluate(
            """() => [...document.querySelectorAll("#fit-checkpoints tbody tr")].map((row) =>
              [...row.children].map((cell) => cell.firstChild.textContent.replace("−", "-")))"""
        )
        return rows

    def type_weight(self, section: str, k: int, text: str) -> None:
        with self.shown(f"#{section}-weights-{k}-field") as field:
            field.fill(text)
            field.press("Enter")

    def drag(self, selector: str, fraction: float, *, release: bool = True) -> None:
        """Drag a slider's thumb to a fraction of its track with the mouse."""
        slider = self.find(selector)
        slider.scroll_into_view_if_needed()
        box: Any = slider.bounding_box()
        now = slider.evaluate("(s) => (s.value - s.min) / (s.max - s.min)")
        thumb = 20
        at = lambda f: box["x"] + thumb / 2 + f * (box["width"] - thumb)  # noqa: E731
        middle = box["y"] + box["height"] / 2
        self.page.mouse.move(at(now), middle)
        self.page.mouse.down()
        self.page.mouse.move(at((now + fraction) / 2), middle, steps=5)
        self.page.mouse.move(at(fraction), middle, steps=5)
        if release:
            self.page.mouse.up()
