"""Each command in the docs is run here if possible; otherwise its files and options are checked.

The first words of a command select one of `CHECKS`; a command without a check fails. Commands
are the lines of code blocks, and inline code that begins like a command.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from pwlapp.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
PAGES += sorted((ROOT / "docs").glob("*.md"))
# Blocks without commands: diagrams, and files of nginx, systemd, compose, Traefik or Jupyter.
OTHER_LANGUAGES = ("mermaid", "nginx", "ini", "yaml", "json", "python", "text", "toml", "css")
OTHER_BLOCKS = re.compile(r"(?:location|server|upstream|map) |\[\w+\]|[\w.-]+:(?:\s|$)|[{#<]|c\.")
IN_SENTENCES = re.compile(
    r"`((?:make|npm|npx|docker|python -m|\.venv/bin/|redis-server|celery|curl|systemctl|sudo)"
    r" ?[^`]+)`"
)
# Programs of the host machine: only the project's files in their arguments are checked.
OF_A_HOST = (
    "sudo", "systemctl", "journalctl", "systemd-creds", "nginx", "curl", "openssl", "certbot",
    "redis-server", "redis-cli", "cp", "cat", "mkdir", "chown", "chmod", "useradd", "git", "cd",
    "install", "podman", "oc", "kubectl", "pip", "python3", "ssh", "sleep", "id", "ls", "echo",
)  # fmt: skip
FOLDERS = ("docs", "docker", "pwlapp", "tests", "assets", "scripts", "benchmarks", "deploy")
# Options of `docker run` and `docker compose up` that the docs may use.
DOCKER_OPTIONS = {
    "--init", "--read-only", "--tmpfs", "-p", "-v", "-e", "-d", "--rm", "--name", "--build",
    "--profile", "--user", "-t", "--build-arg", "--platform", "--env-file", "--gpus", "-f",
    "--restart", "--detach", "--cap-drop", "--security-opt", "--network", "--env", "--publish",
}  # fmt: skip


def in_blocks(text: str) -> list[str]:
    """The lines of shell code blocks; continued lines are joined."""
    lines: list[str] = []
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.M | re.S):
        if language not in OTHER_LANGUAGES and not OTHER_BLOCKS.match(block):
            lines += re.sub(r"\\\n\s*", "", block).splitlines()
    return lines


def commands_of(text: str) -> list[list[str]]:
    """All commands of a page, each as a list of words, without comments."""
    lines = [*in_blocks(text), *IN_SENTENCES.findall(text)]
    lines = [re.sub(r"(^|\s)#.*", "", line) for line in lines]
    parts = [part for line in lines for part in re.split(r"\s&&\s|\s\|\s|;\s", line)]
    filled = [re.sub(r"<[^>]*>|\$\([^)]*\)", "X", part) for part in parts]
    return [words for words in map(shlex.split, filled) if words]


def without_settings(words: list[str]) -> list[str]:
    """The words after ``NAME=value``; checks that the project reads each name."""
    words = words[1:] if words[0] == "export" else words
    while words and (setting := re.match(r"([A-Z][A-Z0-9_]*)=", words[0])):
        assert setting[1] in known_settings(), setting[1]
        words = words[1:]
    return words


@cache
def known_settings() -> set[str]:
    files = ("compose.yaml", "compose.class.yaml", "Dockerfile", "Makefile")
    texts = "\n".join((ROOT / name).read_text("utf-8") for name in files)
    return {variable for variable, *_ in Settings.table()} | set(
        re.findall(r"\b[A-Z][A-Z0-9_]{3,}\b", texts)
    )


def succeeds(*words: str) -> str:
    """Run a program and check its exit status; returns its output."""
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout


@cache
def dry_run(*words: str) -> str:
    return succeeds("make", "-n", *words)


@cache
def help_of(*words: str) -> str:
    return succeeds(sys.executable, "-m", *words, "--help")


def check_make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for word in words[1:]:
        if "=" in word:
            assert re.search(rf"^{word.partition('=')[0]} \?=", makefile, re.M), word
    assert dry_run(*(word for word in words[1:] if "=" not in word))


def check_python(words: list[str]) -> None:
    assert words[1] == "-m", words
    module, *arguments = words[2:]
    if module == "pwlapp":
        of_command = [word for word in arguments[:1] if not word.startswith("-")]
        told = help_of(module, *of_command)
        assert [word for word in arguments if word.startswith("--") and word not in told] == []
    elif module == "pytest":
        assert [word for word in arguments if "/" in word and not (ROOT / word).exists()] == []
    else:  # would start a server or a long computation
        assert importlib.util.find_spec(module) is not None, module


def check_celery(words: list[str]) -> None:
    assert words[1] == "-A"
    assert importlib.util.find_spec(words[2]) is not None
    assert words[3] == "worker"
    if "-Q" in words:
        queue = words[words.index("-Q") + 1]
        sources = (ROOT / "pwlapp" / "compute" / "celery").glob("*.py")
        assert any(f'"{queue}"' in path.read_text("utf-8") for path in sources), queue


def check_npm(words: list[str]) -> None:
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    name = words[2] if words[1:2] == ["run"] else words[1]
    assert name in package["scripts"] or name in package["devDependencies"] or name == "ci", name


def check_docker(words: list[str]) -> None:
    """Check that the options are allowed, and that build arguments, profiles and volumes exist."""
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    compose = (ROOT / "compose.yaml").read_text("utf-8")
    assert words[1] in ("build", "run", "compose", "exec", "logs", "stop"), words
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    assert [option for option in options if option not in DOCKER_OPTIONS] == []
    for option, value in pairwise(words):
        if option == "--build-arg":
            assert re.search(rf"^ARG {value.partition('=')[0]}\b", dockerfile, re.M), value
        if option == "--profile":
            assert re.search(rf"profiles: .*\b{value}\b", compose), value
        if option == "-v":
            assert value.split(":")[1] in dockerfile, value
        if option in ("-e", "--env"):
            assert value.partition("=")[0] in known_settings(), value


def check_host(words: list[str]) -> None:
    """Check that the project's files in the arguments exist."""
    for word in words:
        folder = word.removeprefix("./").partition("/")[0]
        if "/" in word and folder in FOLDERS:
            assert (ROOT / word).exists(), word


CHECKS: dict[str, Callable[[list[str]], None]] = {
    "make": check_make,
    "python": check_python,
    ".venv/bin/python": check_python,
    "celery": check_celery,
    ".venv/bin/celery": check_celery,
    "npm": check_npm,
    "npx": check_npm,
    "docker": check_docker,
    **dict.fromkeys(OF_A_HOST, check_host),
}


def check(words: list[str]) -> None:
    """Check a command and the settings before it."""
    if command := without_settings(words):
        assert command[0] in CHECKS, f"no check knows this command: {' '.join(words)}"
        CHECKS[command[0]](command)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_commands_of_a_page(page: Path) -> None:
    for words in commands_of(page.read_text("utf-8")):
        check(words)


def test_commands_are_found() -> None:
    found = [words for page in PAGES for words in commands_of(page.read_text("utf-8"))]
    for begins in (["make", "run"], ["npm", "test"], ["docker", "run"], ["redis-server"]):
        assert any(words[: len(begins)] == begins for words in found), begins


@pytest.mark.parametrize(
    "text",
    [
        "`make nothing`",
        "```\nmake run NO_SUCH=1\n```",
        "```\nbrew install pwlapp\n```",
        "```\nNO_SUCH=1 make run\n```",
        "`docker compose --profile none up`",
        "```\ndocker build --build-arg NONE=1 .\n```",
        "`python -m benchmarks.none`",
        "```\npython -m pwlapp fit --none 1\n```",
        "`npm run none`",
        "```\nsudo cp docs/none.service /etc\n```",
        "`celery -A pwlapp.none worker`",
    ],
)
def test_commands_with_unknown_names_fail(text: str) -> None:
    [words] = commands_of(text)
    with pytest.raises((AssertionError, subprocess.CalledProcessError, ModuleNotFoundError)):
        check(words)
