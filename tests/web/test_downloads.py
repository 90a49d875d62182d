"""Downloads over HTTP."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import numpy as np
import pytest
import torch
from fastapi import FastAPI

from pwlapp.commands.table import run
from pwlapp.core.data.choices import Choices
from pwlapp.core.data.files import read_own
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions
from pwlapp.sessions.service import SessionService
from pwlapp.ui.i18n import LanguageMiddleware, catalogue, language
from pwlapp.web import frame_table
from pwlapp.web.downloads import KINDS, routes
from tests.support.sessions import finished

UNKNOWN = "A" * 22


@pytest.fixture
async def client(service: SessionService) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.include_router(routes(service, lambda: catalogue(language())))
    app.add_middleware(LanguageMiddleware)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://page") as client:
        yield client


async def trained(service: SessionService, epochs: int = 20, **begin: Any) -> str:
    sid, _ = await service.open(**begin)
    await service.start_run(sid, epochs, AdamOptions(), "torch@cpu")
    await finished(service, sid)
    return sid


async def test_names_of_the_files(service: SessionService, client: httpx2.AsyncClient) -> None:
    sid = await trained(service)
    names = {}
    for kind in KINDS:
        response = await client.get(f"/export/{sid}/{kind}")
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        names[kind] = response.headers["content-disposition"].partition("filename=")[2].strip('"')
    assert names == {
        "script": "pwlapp-seed1-20.py",
        "notebook": "pwlapp-seed1-20.ipynb",
        "weights": "pwlapp-seed1-20.pt",
        "frames": "pwlapp-seed1-20.csv",
        "data": "pwlapp-data.csv",
    }


async def test_comments_are_in_the_language_of_the_page(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    sid, _ = await service.open()
    english = (await client.get(f"/export/{sid}/script?lang=en")).text
    korean = (await client.get(f"/export/{sid}/script?lang=ko")).text
    assert "# The weights before training" in english
    assert "# 학습하기 전의 가중치" in korean
    assert json.loads((await client.get(f"/export/{sid}/notebook?lang=ko")).text)["nbformat"] == 4


async def test_a_script_says_if_the_seed_alone_does_not_give_the_net(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    sid = await trained(service)
    assert "manual_seed(1)" in (await client.get(f"/export/{sid}/script")).text
    await service.step(sid, AdamOptions(lr=0.5))
    assert "net[0].weight.data = " in (await client.get(f"/export/{sid}/script")).text
    await service.reset(sid, 1)
    assert "manual_seed(1)" in (await client.get(f"/export/{sid}/script")).text
    await service.set_params(sid, [0.1, 0.2, 0.3, 0.4, 0.5])
    text = (await client.get(f"/export/{sid}/script")).text
    assert "net[0].weight.data = torch.tensor([[0.1], [0.2]])" in text
    for kind, ending in (("script", "py"), ("weights", "pt"), ("frames", "csv")):
        headers = (await client.get(f"/export/{sid}/{kind}")).headers
        assert f'filename="pwlapp-seed1-0-changed.{ending}"' in headers["content-disposition"]


async def test_frames_as_a_table(service: SessionService, client: httpx2.AsyncClient) -> None:
    sid = await trained(service, net=Architecture(3, bias1=True))
    rows = list(csv.DictReader(io.StringIO((await client.get(f"/export/{sid}/frames")).text)))
    state = await service.state(sid)
    assert list(rows[0])[:5] == ["epoch", "loss", "mark", "W1_1", "W1_2"]
    assert list(rows[0])[-2:] == ["W2_3", "b2"]
    assert [rows[0]["epoch"], rows[-1]["epoch"]] == ["0", "20"]
    last = np.array(list(rows[-1].values())[3:], np.float32)
    assert np.array_equal(last, state.train.params)
    assert float(rows[-1]["loss"]) == pytest.approx(state.train.loss)


async def test_a_wide_nets_frames_are_curves(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    sid = await trained(service, net=Architecture(16))
    rows = list(csv.reader(io.StringIO((await client.get(f"/export/{sid}/frames")).text)))
    assert {len(row) for row in rows} == {3 + 101}
    assert [rows[0][3], rows[0][-1]] == ["logit(x=-1)", "logit(x=1)"]


def test_nan_is_an_empty_cell() -> None:
    from tests.support.sessions import make_frame

    frame = make_frame(3)
    frame.numbers[0] = np.inf
    assert frame_table.lines([frame])[0].startswith("1,0.25,,,4.0,")


async def test_downloaded_data_are_exact(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    sid, _ = await service.open()
    rows = list(csv.DictReader(io.StringIO((await client.get(f"/export/{sid}/data")).text)))
    points = await service.points_of(await service.state(sid))
    for name in ("x", "prob", "y"):
        column = np.array([row[name] for row in rows], np.float32)
        assert np.array_equal(column, getattr(points, name))


async def test_a_whole_run(service: SessionService, client: httpx2.AsyncClient) -> None:
    """It contains the session, its frames, and Build's weights as they were sent."""
    sid = await trained(service)
    build = {"params": [1, -1, -4.5, -9, 4.5], "challenge": None}
    response = await client.get(f"/export/{sid}/run", params={"build": json.dumps(build)})
    assert 'filename="pwlapp-run.json"' in response.headers["content-disposition"]
    content = response.json()
    assert (content["program"], content["kind"], content["format"]) == ("pwlapp", "run", 1)
    assert content["build"] == build
    assert {"saved": content["saved"]} == await run(service, sid, "saved", {})
    _, frames = await service.read(sid)
    assert content["frames"] == [json.loads(text) for _, text in frames]


@pytest.mark.parametrize(
    "build", ["", "[]", "{", "null", "[" * 1500, '{"a":NaN}', f'{{"{"a" * 2000}":1}}']
)
async def test_a_run_without_build_is_refused(
    service: SessionService, client: httpx2.AsyncClient, build: str
) -> None:
    sid, _ = await service.open()
    response = await client.get(f"/export/{sid}/run", params={"build": build})
    assert response.json() == {"error": {"code": "bad_request", "args": {}}}


async def test_the_example_file_is_read_without_a_question(client: httpx2.AsyncClient) -> None:
    response = await client.get("/export/points.csv")
    assert 'filename="points.csv"' in response.headers["content-disposition"]
    assert read_own(response.content, 1000, Choices()).preview()["is_sure"]


async def test_weights_are_a_state_dict(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    sid = await trained(service)
    raw = (await client.get(f"/export/{sid}/weights")).content
    assert zipfile.is_zipfile(io.BytesIO(raw))
    state = torch.load(io.BytesIO(raw), weights_only=True)
    flat = torch.cat([value.flatten() for value in state.values()]).numpy()
    assert np.array_equal(flat, (await service.state(sid)).train.params)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"/export/{UNKNOWN}/run?build={{}}", 404, "session_unknown"),
        (f"/export/{UNKNOWN}/script", 404, "session_unknown"),
        ("/export/x/script", 404, "session_unknown"),
        (f"/export/{UNKNOWN}/secrets", 400, "bad_request"),
    ],
)
async def test_refusals(client: httpx2.AsyncClient, path: str, status: int, code: str) -> None:
    response = await client.get(path)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code


async def test_a_code_is_an_svg_of_a_short_link(client: httpx2.AsyncClient) -> None:
    response = await client.post("/qr", json={"text": "https://example.org/#s=1.abc"})
    assert response.headers["content-type"] == "image/svg+xml"
    assert response.text.startswith("<svg")
    for body, status, code in (
        ({}, 422, "bad_link"),
        ({"text": "file:///etc/passwd"}, 422, "bad_link"),
        ({"text": "https://a/" + "b" * 3000}, 422, "long_link"),
        ({"text": "b" * 20_000}, 413, "too_big"),
    ):
        response = await client.post("/qr", json=body)
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert (await client.post("/qr", content=b"{")).status_code == 400
