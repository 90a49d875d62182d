"""Build: section 2 of the lecture, a bent line made by hand.

``assets/build/build.ts`` draws everything that changes while a slider is dragged. The server only
runs the code of the six constructions, when a slider is released.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from dash import Dash, Input, Output, dcc, html

from pwlapp.core import constructions
from pwlapp.errors import UserError
from pwlapp.sessions.protocols import Runner
from pwlapp.ui import figures, ids
from pwlapp.ui.components import (
    button,
    buttons,
    card,
    graph,
    in_browser,
    labelled,
    legend,
    live_number,
    text,
)
from pwlapp.web.http.rate_limits import visitor

TAB_PANELS = (ids.BUILD_STEPS, "build-equations-panel", "build-constructions-panel")


async def run_constructions(runner: Runner, data: Any) -> dict[str, Any]:
    """Run the six programs with the weights ``data["params"]``; returns results or an error."""
    try:
        params = data.get("params") if isinstance(data, dict) else None
        with visitor().computing():
            results = await runner.call(constructions.run_all, params)
    except UserError as error:
        return {"results": [], "error": error.to_json()}
    return {"results": [asdict(result) for result in results], "error": None}


def layout() -> html.Section:
    """The whole view, with the lecture's start values."""
    return html.Section(
        [
            html.H2(text("build.title")),
            html.Div([_tabs(), *_tab_panels()], className="build-shown"),
            _controls_card(),
        ],
        id=ids.BUILD,
        className="view stage build-stage",
    )


def _tabs() -> html.Div:
    """The tabs beside the sliders: middle steps, equations, constructions."""
    names = ("pipeline.title", "equations.title", "constructions.title")
    tabs = [
        _tab(f"tab-{panel}", text(name), panel == ids.BUILD_STEPS, **{"aria-controls": panel})
        for name, panel in zip(names, TAB_PANELS, strict=True)
    ]
    return labelled(html.Div(tabs, id=ids.BUILD_TABS, role="tablist"), "build.tabs")


def _tab(id_: str, face: Any, selected: bool, **more: Any) -> html.Button:
    """A tab; the Tab key reaches the selected one, the arrow keys the others."""
    return html.Button(
        face,
        id=id_,
        role="tab",
        className="tab",
        tabIndex="0" if selected else "-1",
        **{"aria-selected": str(selected).lower(), **more},
    )


def _tab_panels() -> list[html.Div]:
    cards = ([_plot_card(), _pipeline_card()], [_equations_card()], [_constructions_card()])
    return [
        html.Div(
            content,
            id=panel,
            className="tab-panel",
            role="tabpanel",
            hidden=panel != ids.BUILD_STEPS,
            **{"aria-labelledby": f"tab-{panel}"},
        )
        for content, panel in zip(cards, TAB_PANELS, strict=True)
    ]


def _plot_card() -> html.Section:
    return card(
        legend(
            ("truth", "role.target"),
            ("yhat", "role.net"),
            ("unit1", "role.unit1"),
            ("unit2", "role.unit2"),
            ("bend", "role.bend"),
        ),
        graph("build.plot_label", "fills", (ids.BUILD_PLOT, figures.build_figure())),
        class_name="build-plot-card",
    )


def _controls_card() -> html.Section:
    mse = html.P(
        [text("build.mse"), live_number(ids.BUILD_MSE, "0", "big-number")],
        className="readout",
    )
    challenge = html.Div(
        [
            html.P(text("challenge.task"), id=ids.BUILD_CHALLENGE_TASK),
            html.P(id=ids.BUILD_CHALLENGE_STATUS, className="challenge-status"),
            buttons(
                button(ids.BUILD_CHALLENGE_NEW, "challenge.new"),
                button(ids.BUILD_CHALLENGE_SHOW, "challenge.show"),
            ),
        ],
        id=ids.BUILD_CHALLENGE_CARD,
        className="challenge",
        hidden=True,
    )
    return card(
        html.P(text("build.lead"), className="hint"),
        html.Div(id=ids.BUILD_FORMULA, className="formula"),
        html.Div(id=ids.BUILD_WEIGHTS, className="weights"),
        mse,
        buttons(
            button(ids.BUILD_START, "build.start"),
            button(ids.BUILD_RANDOM, "build.random"),
            button(ids.BUILD_CHALLENGE, "build.challenge"),
        ),
        challenge,
        class_name="build-controls",
    )


def _pipeline_card() -> html.Section:
    roles = ("unit1", "unit2", "unit1", "unit2", "yhat")
    panels = [
        html.Figure(
            [
                html.Figcaption(id=f"{id_}-title", className="panel-title"),
                graph("build.panel_label", "fills", (f"{id_}-plot", figures.panel_figure(role))),
            ],
            id=id_,
            className="panel",
        )
        for id_, role in zip(ids.BUILD_PANELS, roles, strict=True)
    ]
    stages = [
        html.Div(
            html.Span("x →", className="stage-name"),
            className="stage-step stage-x",
        ),
        html.Div([html.Span("u →", className="stage-name"), *panels[:2]], className="stage-step"),
        html.Div([html.Span("v →", className="stage-name"), *panels[2:4]], className="stage-step"),
        html.Div([html.Span("y", className="stage-name"), panels[4]], className="stage-step"),
    ]
    return card(
        html.P(text("pipeline.lead"), className="hint"),
        html.Div(stages, className="pipeline"),
        class_name="build-pipeline",
    )


def _constructions_card() -> html.Section:
    tabs = [
        _tab(f"construction-{number}", str(number), number == 1, **{"data-number": str(number)})
        for number in range(1, 7)
    ]
    return card(
        html.P(text("constructions.lead"), className="hint"),
        labelled(html.Div(tabs, id=ids.CONSTRUCTION_TABS, role="tablist"), "constructions.title"),
        html.P(id="construction-name", className="construction-name"),
        html.Pre(html.Code(id=ids.CONSTRUCTION_CODE), className="code", tabIndex="0"),
        html.P(
            [text("constructions.difference"), html.Output("–", id=ids.CONSTRUCTION_DIFFERENCE)],
            className="readout small",
        ),
        graph(
            "constructions.plot_label",
            "fills",
            (ids.CONSTRUCTION_PLOT, figures.construction_figure()),
        ),
        dcc.Store(id=ids.CONSTRUCTION_PARAMS),
        dcc.Store(id=ids.CONSTRUCTION_RESULTS),
        class_name="constructions",
    )


def _equations_card() -> html.Section:
    return card(
        html.P(text("equations.lead"), className="hint"),
        html.Div(id=ids.BUILD_EQUATIONS, className="equations"),
        class_name="equations-card",
    )


def register(app: Dash, runner: Runner) -> None:
    """Register the callback that runs the constructions, and the one that shows the results."""

    @app.callback(
        Output(ids.CONSTRUCTION_RESULTS, "data"),
        Input(ids.CONSTRUCTION_PARAMS, "data"),
        prevent_initial_call=True,
    )
    async def constructions_callback(data: Any) -> dict[str, Any]:
        return await run_constructions(runner, data)

    app.clientside_callback(
        in_browser("showConstructions"),
        Input(ids.CONSTRUCTION_RESULTS, "data"),
        prevent_initial_call=True,
    )
