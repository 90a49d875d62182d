from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from pwlapp.settings import Settings, variable_name


def test_nothing_set_gives_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()


def test_every_field_is_read_from_its_variable() -> None:
    environ = {
        "PWLAPP_HOST": "0.0.0.0",
        "PWLAPP_PORT": "9000",
        "PWLAPP_BASE_PATH": "/User/x/proxy/8050/",
        "PWLAPP_PROXIES": "10.0.0.0/8, ::1",
        "PWLAPP_DATA": " points.csv ",
        "PWLAPP_DATA_DIR": "/srv/pwlapp",
        "PWLAPP_WORKERS": "3",
        "PWLAPP_ENGINE": "Fused@CUDA:1",
        "PWLAPP_SLICE_MS": "12.5",
        "PWLAPP_SESSION_DAYS": "0.5",
        "PWLAPP_MAX_DATA_MB": "2",
        "PWLAPP_MAX_EPOCHS": "1000",
        "PWLAPP_MAX_RUNNING": "50",
        "PWLAPP_REDIS_URL": "redis://:Secret@host:6379/1",
        "PWLAPP_WEB_WORKERS": "2",
        "PWLAPP_METRICS_TOKEN": "Abcdefgh-ijklmnop",
        "PWLAPP_LOG_LEVEL": "DEBUG",
        "PWLAPP_LOG_FORMAT": "json",
    }
    assert dataclasses.astuple(Settings.from_env(environ)) == (
        "0.0.0.0",
        9000,
        "/User/x/proxy/8050/",
        "10.0.0.0/8,::1",
        "points.csv",
        Path("/srv/pwlapp"),
        3,
        "fused@cuda:1",
        12.5,
        0.5,
        2.0,
        1000,
        50,
        "redis://:Secret@host:6379/1",
        2,
        "Abcdefgh-ijklmnop",
        "debug",
        "json",
    )


def test_an_empty_variable_is_an_unset_one() -> None:
    environ = {row.variable: " " for row in Settings.table()}
    assert Settings.from_env(environ) == Settings()


@pytest.mark.parametrize(
    ("environ", "port"),
    [({"PORT": "9001"}, 9001), ({"PORT": "9001", "PWLAPP_PORT": "9000"}, 9000)],
)
def test_a_port_set_by_the_host_is_used(environ: dict[str, str], port: int) -> None:
    assert Settings.from_env(environ).port == port
    with pytest.raises(ValueError, match=r"^PORT='http': expected a whole number"):
        Settings.from_env({"PORT": "http"})


def test_the_folder_may_begin_with_a_tilde() -> None:
    settings = Settings.from_env({"PWLAPP_DATA_DIR": "~/there"})
    assert settings.data_dir == Path.home() / "there"


@pytest.mark.parametrize(
    ("variable", "text", "allowed"),
    [
        ("PWLAPP_PORT", "80a", "from 0 to 65535"),
        ("PWLAPP_PORT", "65536", "from 0 to 65535"),
        ("PWLAPP_PORT", "9" * 5000, "from 0 to 65535"),
        ("PWLAPP_BASE_PATH", "pwl", "a path such as /pwl/"),
        ("PWLAPP_BASE_PATH", "/pwl", "a path such as /pwl/"),
        ("PWLAPP_BASE_PATH", "//evil.example/", "a path such as /pwl/"),
        ("PWLAPP_PROXIES", "proxy.example", "addresses or networks"),
        ("PWLAPP_WORKERS", "0", "from 1 to 256"),
        ("PWLAPP_WORKERS", "1.5", "from 1 to 256"),
        ("PWLAPP_ENGINE", "cpu", "auto, or torch or fused"),
        ("PWLAPP_ENGINE", "torch@cpu:0", "auto, or torch or fused"),
        ("PWLAPP_SLICE_MS", "nan", "from 1 to 1000"),
        ("PWLAPP_SESSION_DAYS", "inf", "from 0.001 to 3650"),
        ("PWLAPP_SESSION_DAYS", "-1", "from 0.001 to 3650"),
        ("PWLAPP_MAX_DATA_MB", "1e999", "from 0.001 to 1000"),
        ("PWLAPP_MAX_EPOCHS", "1e6", "whole number"),
        ("PWLAPP_LOG_LEVEL", "loud", "one of critical"),
        ("PWLAPP_DATA_DIR", "~nobody-of-that-name/x", "a folder"),
    ],
)
def test_an_error_names_the_value_and_the_allowed_ones(
    variable: str, text: str, allowed: str
) -> None:
    with pytest.raises(ValueError, match=variable) as caught:
        Settings.from_env({variable: text})
    assert allowed in str(caught.value)
    assert repr(text) in str(caught.value)


def test_the_table_describes_every_field() -> None:
    table = Settings.table()
    fields = dataclasses.fields(Settings)
    assert [row.variable for row in table] == [variable_name(field.name) for field in fields]
    assert all(row.doc.endswith((".", "MB")) and row.doc[0].isupper() for row in table)


def test_a_password_is_not_repeated() -> None:
    for name, text in (("REDIS_URL", "http://:Secret@host"), ("METRICS_TOKEN", "Secret")):
        with pytest.raises(ValueError, match=name) as refused:
            Settings.from_env({f"PWLAPP_{name}": text})
        assert "Secret" not in str(refused.value)
