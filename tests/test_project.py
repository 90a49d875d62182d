"""Rules of the project as a whole: import order, committed files, docs and catalogues."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs_version

from pwlapp.settings import Settings

ROOT = Path(__file__).parents[1]
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LOCALES = ROOT / "pwlapp" / "ui" / "locales"
SETUP_FILES = (
    "Makefile", "Dockerfile", "compose.yaml", "requirements.txt", "requirements-dev.txt",
    "constraints.txt", "package.json", "package-lock.json", ".npmrc", ".ci/run", "pyproject.toml",
)  # fmt: skip

# Modules that the files under a path may not import, at the top or inside a function.
UI = ("dash", "plotly", "pwlapp.ui", "app")
HTTP = ("fastapi", "starlette", "uvicorn", "sse_starlette")
SERVING = (*HTTP, "redis", "celery")
# From low to high: no folder imports a later one.
FOLDERS = ("core", "sessions", "compute", "commands", "rooms", "web", "ui")
ABOVE = {
    folder: tuple(f"pwlapp.{above}" for above in FOLDERS[i + 1 :])
    for i, folder in enumerate(FOLDERS)
}
FORBIDDEN = {
    "pwlapp/core": (*UI, *SERVING, *ABOVE["core"]),
    "pwlapp/sessions": (*UI, *HTTP, "celery", *ABOVE["sessions"]),
    "pwlapp/compute": (*UI, *HTTP, *ABOVE["compute"]),
    "pwlapp/commands": (*UI, *SERVING, *ABOVE["commands"]),
    "pwlapp/rooms": (*UI, *SERVING, *ABOVE["rooms"]),
    "pwlapp/web": ("plotly", "app", *ABOVE["web"]),
    "pwlapp/web/http": tuple(f"pwlapp.web.{file.stem}" for file in ROOT.glob("pwlapp/web/*.py")),
    "pwlapp/settings.py": (*UI, *SERVING, *ABOVE["core"]),
    "pwlapp/errors.py": (*UI, *SERVING, "pwlapp.core", *ABOVE["core"]),
}
# Likewise within core: no module imports one of a later line, and from its own line only modules
# of its own folder.
CORE = (
    ("messages", "net"),
    ("optimizers", "state", "data"),
    ("engines",),
    ("training",),
    ("analysis", "constructions", "export"),
)
HEAVY = {"torch", "numba", "pandas", "dash", "plotly"}


def imported(source: str, package: str) -> set[str]:
    """The modules that a source imports, at its top or inside a function, as absolute names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join([*parents, node.module or ""]).strip(".") if node.level else node.module
            names.update({f"{base}.{alias.name}" for alias in node.names} | {str(base)})
    return names


def violations(path: Path, forbidden: tuple[str, ...]) -> Iterator[str]:
    package = ".".join(path.relative_to(ROOT).parent.parts)
    for name in sorted(imported(path.read_text("utf-8"), package)):
        if any(name == word or name.startswith(word + ".") for word in forbidden):
            yield f"{path.relative_to(ROOT)} imports {name}"


def core_modules(name: str) -> list[Path]:
    """The files of a module of core, or of a folder in it."""
    path = ROOT / "pwlapp" / "core" / name
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """All files that are committed or not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    found = [ROOT / name for name in listed.split("\0") if name]
    assert ROOT / "app.py" in found
    return [path for path in found if path.is_file()]


@pytest.fixture(scope="module")
def catalogues() -> dict[str, dict[str, str]]:
    """The message catalogues by language."""
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in LOCALES.glob("*.json")}
    assert set(found) >= {"ko", "en"}
    return found


class TestImports:
    @pytest.mark.parametrize("where", FORBIDDEN)
    def test_have_one_direction(self, where: str) -> None:
        path = ROOT / where
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        assert files
        assert [line for file in files for line in violations(file, FORBIDDEN[where])] == []

    def test_no_outside_data_are_unpickled(self) -> None:
        """Pickles are exchanged only through pipes between processes of the pool."""
        pool = ROOT / "pwlapp" / "compute" / "pool.py"
        modules = ("pickle", "_pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle")
        calls = {"torch.load", "np.load", "numpy.load", "yaml.load", "yaml.unsafe_load"}
        files = [ROOT / "app.py", *(ROOT / "pwlapp").rglob("*.py")]
        for file in files:
            forbidden = modules if file == pool else (*modules, "multiprocessing.reduction")
            assert list(violations(file, forbidden)) == []
            nodes = ast.walk(ast.parse(file.read_text("utf-8")))
            called = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
            assert not called & calls, file

    @pytest.mark.parametrize("line", range(len(CORE)))
    def test_have_one_direction_within_core(self, line: int) -> None:
        above = tuple(f"pwlapp.core.{name}" for names in CORE[line + 1 :] for name in names)
        modules = [path for name in CORE[line] for path in core_modules(name)]
        assert modules
        assert [word for path in modules for word in violations(path, above)] == []

    def test_every_module_of_core_has_its_line(self) -> None:
        found = {path.stem for path in (ROOT / "pwlapp" / "core").iterdir()}
        assert found - {"__init__", "__pycache__"} == {name for names in CORE for name in names}

    @pytest.mark.parametrize(
        ("source", "found"),
        [
            ("import dash", "dash"),
            ("def late():\n    from dash import html", "dash"),
            ("from pwlapp import ui", "pwlapp.ui"),
            ("from ..ui import figures", "pwlapp.ui"),
            ("from .. import ui", "pwlapp.ui"),
            ("from . import net", "pwlapp.core.net"),
            ("import plotly.graph_objects as go", "plotly.graph_objects"),
        ],
    )
    def test_violations_are_found(self, source: str, found: str) -> None:
        assert found in imported(source, "pwlapp.core")

    @pytest.mark.parametrize("module", ["pwlapp.core.net", "pwlapp.errors"])
    def test_light_modules_load_nothing_heavy(self, module: str) -> None:
        code = f"import sys, {module}; print(*sorted(set(sys.modules)))"
        loaded = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split()
        assert module in loaded
        assert HEAVY & set(loaded) == set()


class TestCommitted:
    def test_no_third_party_code(self, files: list[Path]) -> None:
        names = {"node_modules", "site-packages", "vendor", "third_party", ".venv"}
        bundled = re.compile(
            r"sourceMappingURL|@license|@preserve|/\*!|__webpack|Licensed under|\(c\) \d{4}", re.I
        )
        suspects = [path for path in files if names & set(path.parts) or ".min." in path.name]
        for path in files:
            if path.suffix in {".js", ".mjs", ".css", ".svg"}:
                text = path.read_text("utf-8")
                if bundled.search(text) or max(map(len, text.splitlines()), default=0) > 500:
                    suspects.append(path)
        assert suspects == []

    def test_no_large_files_except_pictures(self, files: list[Path]) -> None:
        pictures = {".png", ".webp", ".jpg"}
        large = [path for path in files if path.stat().st_size > 200_000]
        assert [path for path in large if path.suffix not in pictures] == []
        assert sum(path.stat().st_size for path in files) < 8_000_000

    @pytest.mark.parametrize("name", SETUP_FILES)
    def test_setup_files_name_no_host(self, name: str) -> None:
        text = (ROOT / name).read_text("utf-8")
        text = re.sub(r'"funding": (\[.*?\]|\{.*?\})', "", text, flags=re.DOTALL)
        urls = re.findall(r"\w+://[^\s\"')]+", text)
        assert [
            url
            for url in urls
            if not url.startswith(("http://127.0.0.1", "redis://:${REDIS_PASSWORD"))
        ] == []

    def test_lock_file_pins_packages_without_addresses(self) -> None:
        lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
        package = json.loads((ROOT / "package.json").read_text("utf-8"))
        installed = {name: entry for name, entry in lock["packages"].items() if name}
        for name in ("basic", "cartesian", "gl3d"):
            entry = installed[f"node_modules/plotly.js-{name}-dist-min"]
            assert entry["version"] == get_plotlyjs_version()
        for entry in installed.values():
            assert entry["integrity"].startswith("sha512-")
            assert "resolved" not in entry
        assert package["dependencies"] == lock["packages"][""]["dependencies"]

    def test_every_requirement_is_pinned_once(self) -> None:
        pinned: list[str] = []
        for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
            for line in (ROOT / name).read_text("utf-8").splitlines():
                if line and not line.startswith(("#", "-c ", "-r ")):
                    match = re.fullmatch(r"([\w.-]+)(\[\w+\])?==[\w.]+(; .+)?", line)
                    assert match, f"{name}: {line}"
                    pinned.append(re.sub(r"[-_.]+", "-", match[1]).lower())
        assert "torch" in pinned
        assert sorted(pinned) == sorted(set(pinned))

    def test_ci_runs_the_tests(self) -> None:
        script = ROOT / ".ci" / "run"
        assert os.access(script, os.X_OK)
        assert re.search(r"^exec make .*\btest\b", script.read_text("utf-8"), re.M)


class TestDocs:
    def test_docs_have_the_settings_table(self) -> None:
        """The rows of `Settings.table`; a failure shows the rows to paste."""
        readme = (ROOT / "docs" / "settings.md").read_text("utf-8").splitlines()
        rows = [
            f"| `{variable}` | {f'`{default}`' if default else ''} | {doc} |"
            for variable, default, doc in Settings.table()
        ]
        assert len(rows) >= 11
        written = [re.sub(r"\s*\|\s*", " | ", line).strip() for line in readme]
        assert [line for line in written if line.startswith("| `PWLAPP_")] == [
            re.sub(r"\s*\|\s*", " | ", row).strip() for row in rows
        ]

    def test_docs_name_every_command(self) -> None:
        pages = ("README.md", "CONTRIBUTING.md", "docs/benchmarks.md", "docs/deploy.md")
        readme = "\n".join((ROOT / page).read_text("utf-8") for page in pages)
        targets = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text("utf-8"), re.M)
        assert targets
        for target in set(targets[1].split()) - {"setup", "tools"}:
            assert f"make {target}" in readme
        assert "TORCH_INDEX" in readme

    @pytest.mark.parametrize("page", DOCS, ids=lambda path: path.name)
    def test_docs_name_files_that_exist(self, page: Path) -> None:
        """Each path in backticks with a folder or a known ending, and each relative link."""
        text = page.read_text("utf-8")
        named = re.findall(r"`([\w.-]+(?:/[\w.*-]+)+/?|[\w-]+\.(?:py|ts|md|toml|yaml))`", text)
        missing = [name for name in named if not any(ROOT.glob(name.rstrip("/")))]
        links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
        missing += [link for link in links if not (page.parent / link).exists()]
        assert missing == []


class TestCatalogues:
    def test_every_language_has_every_key(self, catalogues: dict[str, dict[str, str]]) -> None:
        for lang, words in catalogues.items():
            assert set(words) == set(catalogues["en"]), lang
            assert [key for key, text in words.items() if not text.strip()] == [], lang

    def test_every_placeholder_is_the_same(self, catalogues: dict[str, dict[str, str]]) -> None:
        assert any("{" in text for text in catalogues["en"].values())
        for words in catalogues.values():
            for key, text in words.items():
                assert placeholders(text) == placeholders(catalogues["en"][key]), key

    def test_every_error_and_notice_has_its_message(
        self, catalogues: dict[str, dict[str, str]]
    ) -> None:
        """Each ``UserError("code", name=...)`` or ``refused``, and ``Notice("code", {...})``."""
        used = [item for path in sorted((ROOT / "pwlapp").rglob("*.py")) for item in messages(path)]
        assert {key.partition(".")[0] for key, _ in used} == {"error", "notice"}
        for key, names in used:
            assert key in catalogues["en"]
            assert placeholders(catalogues["en"][key]) <= names, key


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def messages(path: Path) -> Iterator[tuple[str, set[str]]]:
    """The catalogue key of each message that a source makes, and the names that go with it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
            continue
        kind = {"UserError": "error", "refused": "error", "Notice": "notice"}.get(node.func.id)
        code, *rest = node.args
        if kind and isinstance(code, ast.Constant):
            words = [key for item in rest if isinstance(item, ast.Dict) for key in item.keys]
            names = {str(keyword.arg) for keyword in node.keywords}
            names |= {str(word.value) for word in words if isinstance(word, ast.Constant)}
            yield f"{kind}.{code.value}", names
