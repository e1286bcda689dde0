"""The import rules of the package, read from the syntax trees: who may import what."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[2] / "ddp_video"

# Lower layers first. A module may import its own layer only within its own folder.
LAYERS = [
    {"types", "errors", "settings", "atomic"},
    {"network", "data", "tracks"},
    {"nearness", "presence"},
    {"decode", "infer", "flow", "smooth", "render", "encode", "measure", "weights", "store"},
    {"pipeline", "training", "evaluation", "synthesis", "exports", "report"},
    {"fitting", "bench"},  # fitting poses and draws the body of synthesis; bench runs the pipeline
    {"cli"},
]
LAYER_OF = {name: level for level, names in enumerate(LAYERS) for name in names}
BASE = LAYERS[0]  # may import one another: types raises errors

HOMES = {
    "typer": ("cli/",),
    "rich": ("cli/",),
    # encode/ has no source to copy sound from when a clip is made from nothing
    "av": ("decode/", "encode/", "synthesis/clip_files.py"),
    "spconv": ("network/sparse_residual_fcn.py",),
    "anny": ("synthesis/",),
    "warp": ("synthesis/",),
    "onnxruntime": ("fitting/observe.py",),
    "filelock": ("store/writer.py",),
}

# Where an extra may be imported; everywhere else, only what a plain install brings.
EXTRAS = {
    "train": ("data", "training", "evaluation", "fitting"),
    "synth": ("synthesis", "fitting"),
    "spconv": ("network",),
}


class Import(NamedTuple):
    """One imported module, absolute, and where it stands."""

    file: str
    line: int
    module: str


def imports(file: Path) -> Iterator[Import]:
    """Every import of a file, those inside functions included."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    name = file.relative_to(PACKAGE).as_posix()
    package = ("ddp_video", *file.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            if node.level and not node.module:  # from . import a, b
                for alias in node.names:
                    yield Import(name, node.lineno, f"{module}.{alias.name}")
            else:
                yield Import(name, node.lineno, module)


ALL = [found for file in sorted(PACKAGE.rglob("*.py")) for found in imports(file)]


def part(path: str) -> str:
    """`network/backbone.py` → `network`, `decode.py` → `decode`."""
    return path.split("/")[0].removesuffix(".py")


def test_every_part_has_its_layer():
    parts = {part(file.relative_to(PACKAGE).as_posix()) for file in PACKAGE.rglob("*.py")}
    assert parts - {"__init__", "__main__"} <= LAYER_OF.keys()


def test_lower_layers_only():
    wrong = []
    for found in ALL:
        target = found.module.split(".")
        if target[0] != "ddp_video" or len(target) < 2:
            continue
        source = part(found.file)
        if source in ("__init__", "__main__", target[1]) or target[1] == "__version__":
            continue
        both_base = source in BASE and target[1] in BASE
        if not both_base and LAYER_OF[target[1]] >= LAYER_OF[source]:
            wrong.append(f"{found.file}:{found.line} imports {found.module}")
    assert wrong == []


def test_one_home_per_outside_library():
    wrong = [
        f"{found.file}:{found.line} imports {found.module}"
        for found in ALL
        for home in [HOMES.get(found.module.split(".")[0])]
        if home and not found.file.startswith(home)
    ]
    assert wrong == []


def required(lines: Sequence[str]) -> set[str]:
    """Names of the distributions that lines of pyproject.toml ask for."""
    return {re.split(r"[\[<>=;~! ]", line)[0].lower() for line in lines}


def test_a_plain_install_brings_what_it_imports():
    """Extras are for labelling, training and rendering; `run` works without them."""
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    plain = required(project["dependencies"])
    extras = {name: required(project["optional-dependencies"][name]) for name in EXTRAS}
    brought_by = packages_distributions()
    wrong = []
    for found in ALL:
        module = found.module.split(".")[0]
        if module in sys.stdlib_module_names or module in ("ddp_video", "spconv"):
            continue
        allowed = plain.union(
            *(names for extra, names in extras.items() if part(found.file) in EXTRAS[extra])
        )
        if not allowed.intersection(name.lower() for name in brought_by.get(module, [module])):
            wrong.append(f"{found.file}:{found.line} imports {found.module}")
    assert wrong == []


def test_no_print_to_the_user_outside_the_command_line():
    calls = [
        f"{file.relative_to(PACKAGE)}:{node.lineno}"
        for file in PACKAGE.rglob("*.py")
        if "cli" not in file.relative_to(PACKAGE).parts
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert calls == []


@pytest.mark.parametrize("module", ["ddp_video", "ddp_video.cli.app"])
def test_importing_loads_no_heavy_library(module: str):
    heavy = "{'torch', 'numpy', 'cv2', 'av'}"
    code = f"import sys, {module}; sys.exit(not {heavy}.isdisjoint(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
