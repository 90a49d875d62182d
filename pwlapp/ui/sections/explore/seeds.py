"""Many seeds: the session's net trained from each seed, and why most bend on one side only.

``assets/explore/seeds/card.ts`` requests the runs with the command ``seeds`` and draws them.
"""

from __future__ import annotations

from dash import html

from pwlapp.ui import components, ids
from pwlapp.ui.components import button, buttons, field, labelled, text


def card() -> html.Section:
    """The whole card; the browser fills it."""
    progress = labelled(
        html.Progress(id=ids.SEEDS_PROGRESS, max="1", value="0"), "seeds.progress_label"
    )
    return components.card(
        html.P(text("seeds.lead"), className="hint"),
        _commands(),
        html.P(id=ids.SEEDS_SETTING, className="seeds-setting"),
        html.Div(
            [progress, html.P(id=ids.SEEDS_STATUS, className="seeds-status")], className="progress"
        ),
        html.Ul(id=ids.SEEDS_LEGEND, className="legend"),
        html.Div(
            [
                _plot(ids.SEEDS_DOTS, "seeds.dots", text("seeds.dots_hint")),
                _plot(ids.SEEDS_CURVES, "seeds.curves"),
            ],
            className="grid halves",
        ),
        _one_of_them(),
        html.P(id=ids.SEEDS_TOLD, className="seeds-told"),
        html.Ul(id=ids.SEEDS_REASONS, className="seeds-reasons"),
        title="seeds.title",
        class_name="seeds",
    )


def _commands() -> html.Div:
    fields = [
        field(ids.SEEDS_COUNT, "seeds.count", "500", size=6),
        field(ids.SEEDS_FIRST, "seeds.first", "1", size=6),
        field(ids.SEEDS_EPOCHS, "seeds.epochs", "5000", size=9),
    ]
    pressed = buttons(
        button(ids.SEEDS_TRAIN, "seeds.train_any", kind="primary"),
        button(ids.SEEDS_STOP, "seeds.stop"),
    )
    return html.Div([html.Div(fields, className="fields"), pressed], className="commands")


def _plot(id_: str, key: str, hint: html.Span | None = None) -> html.Figure:
    """A plot that the browser makes when it comes near, under its title and a hint."""
    box = labelled(html.Div(id=id_, className="seeds-plot", role="img"), f"{key}_label")
    caption = [text(key), *((". ", hint) if hint else ())]
    return html.Figure([html.Figcaption(caption), box])


def _one_of_them() -> html.Div:
    """Keyboard access to the dots: the browser adds a field whose arrow keys select one."""
    return html.Div(
        [
            button(ids.SEEDS_OPEN, "seeds.open"),
            html.Output(id=ids.SEEDS_CHOSEN, **{"aria-live": "off"}),
        ],
        id=ids.SEEDS_ONE,
        className="seeds-one",
    )
