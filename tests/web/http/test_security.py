"""Security headers, and commands sent by pages of other sites."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app import create_app
from pwlapp.settings import Settings
from pwlapp.web.http import security

HOST = "pwl.example:8050"
INLINE = re.compile(r"<script(?![^>]*(?:src=|application/json))[^>]*>(.*?)</script>", re.DOTALL)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """The app; its services are not started."""
    return TestClient(create_app(Settings(data_dir=tmp_path)).server, base_url=f"http://{HOST}")


def test_the_page_may_run_our_scripts_and_no_others(client: TestClient) -> None:
    page = client.get("/")
    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )
    scripts = INLINE.findall(page.text)
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    hashes = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    assert len(hashes) == 2
    assert policy["script-src"].split() == ["'self'", *hashes]
    assert policy["default-src"] == "'none'"


@pytest.mark.parametrize("path", ["/", "/_dash-layout", "/nothing", "/healthz"])
def test_every_response_has_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    wanted = security.HEADERS | (security.PAGE_HEADERS if path == "/" else {})
    assert {name: headers[name] for name in wanted} == wanted


SENDERS = [
    ({}, True),  # a program
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Origin": f"http://{HOST}"}, True),
    ({"Origin": f"https://{HOST}"}, True),  # a proxy terminates TLS
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://["}, False),
    ({"Origin": "https://class.example", "X-Forwarded-Host": "class.example"}, True),
    ({"Origin": f"http://{HOST}", "Sec-Fetch-Site": "cross-site"}, False),
]


@pytest.mark.parametrize(("headers", "is_ours"), SENDERS)
@pytest.mark.parametrize("path", ["/session/x/train", "/_dash-update-component"])
def test_a_command_from_another_site_is_refused(
    client: TestClient, path: str, headers: dict[str, str], is_ours: bool
) -> None:
    answer = client.post(path, json={}, headers=headers)
    refused = answer.status_code == 403 and answer.json()["error"]["code"] == "other_site"
    assert refused is not is_ours


def test_other_sites_may_send_get_requests(client: TestClient) -> None:
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
