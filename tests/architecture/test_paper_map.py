"""PAPER.md is true: what it names exists, and it leaves out no equation and no box."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from ddp_video.network import build
from ddp_video.network.background_suppression import make_sites
from ddp_video.settings import PRESETS, Architecture, LossWeights, SmoothSettings
from ddp_video.training.example import Batch
from ddp_video.training.objective import Objective
from ddp_video.training.optimise import rate_factor

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "ddp_video"
HEADER = ["Paper", "Code", "Test", "Where we deviate, and why"]
NOT_OF_THE_PAPER = {"device.py", "eight_bits.py", "inference.py"}


class Row(NamedTuple):
    """One row of the map."""

    paper: str
    code: list[str]
    tests: list[str]
    deviation: str


def rows() -> list[Row]:
    """Every row of every table that has the map's header."""
    found, inside = [], False
    for line in (REPOSITORY / "PAPER.md").read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells == HEADER:
            inside = True
        elif inside and not set(cells[0]) <= set("-:"):
            assert len(cells) == len(HEADER), f"a row of {len(cells)} cells: {line}"
            code, tests = (re.findall(r"`([^`]+)`", cell) for cell in cells[1:3])
            found.append(Row(cells[0], code, tests, cells[3]))
    return found


ROWS = rows()


@cache
def definitions(file: Path) -> set[str]:
    """Dotted names that a file defines: functions, classes, their members, what `self` is given."""
    return set(_names(ast.parse(file.read_text(encoding="utf-8")).body, ""))


def _names(body: list[ast.stmt], prefix: str) -> list[str]:
    names = []
    for node in body:
        if isinstance(node, ast.ClassDef):
            names += [prefix + node.name, *_names(node.body, f"{prefix}{node.name}.")]
        elif isinstance(node, ast.FunctionDef):
            names += [prefix + node.name, *(prefix + name for name in _given_to_self(node))]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [prefix + target.id for target in targets if isinstance(target, ast.Name)]
    return names


def _given_to_self(function: ast.FunctionDef) -> list[str]:
    return [
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    ]


def test_the_map_has_rows_and_every_row_is_filled():
    assert len(ROWS) > 30
    assert [row.paper for row in ROWS if not (row.code and row.tests and row.deviation)] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.paper)
def test_what_a_row_names_exists(row: Row):
    for entry in row.code:
        name, _, symbol = entry.partition(":")
        assert (PACKAGE / name).is_file(), entry
        assert symbol in definitions(PACKAGE / name), entry
    for entry in row.tests:
        name, _, test = entry.partition("::")
        assert (REPOSITORY / name).is_file(), entry
        assert test.startswith("test_") and test in definitions(REPOSITORY / name), entry


def test_every_equation_is_there():
    assert [row.paper for row in ROWS if row.paper.startswith("Eq.")] == [
        f"Eq. {number}" for number in range(1, 13)
    ]


def test_every_box_is_there():
    named = {entry.partition(":")[0] for row in ROWS for entry in row.code}
    boxes = {f"network/{file.name}" for file in (PACKAGE / "network").glob("*.py")}
    assert boxes - {f"network/{name}" for name in NOT_OF_THE_PAPER} <= named


def test_the_papers_numbers():
    """Sections 4 to 6: r, λ, and the schedule."""
    assert SmoothSettings().radius == 2
    assert LossWeights() == LossWeights(masks=5, uv=10, smooth=1)
    paper = PRESETS["paper"]
    assert (paper.optimiser, paper.rate, paper.momentum) == ("sgd", 0.01, 0.9)
    assert (paper.steps, paper.batch, paper.weight_decay) == (130_000, 8, 1e-4)
    factors = [rate_factor(step, paper) for step in (99_999, 100_000, 119_999, 120_000)]
    assert factors == pytest.approx([1, 0.1, 0.1, 0.01])


def test_no_smoothness_without_its_weight():
    """Table 2, w/o L_s: the term is not only multiplied by 0, it is not computed."""
    shape = Architecture(width=0.35, channels=16, hidden=16, tower_depth=1)
    grid = torch.ones((1, 2, 2), dtype=torch.uint8)
    batch = Batch(
        image=torch.zeros((1, 3, 8, 8), dtype=torch.uint8),
        part=grid,
        coarse=grid,
        uv=torch.zeros((1, 2, 2, 2), dtype=torch.uint8),
        instance=grid,
        boxes=[torch.tensor([[0.0, 0.0, 8.0, 8.0]])],
        has_surface=[torch.ones(1, dtype=torch.bool)],
        weights=[torch.ones(1)],
        points=[torch.zeros((0, 6))],
        grow=torch.zeros(1, dtype=torch.bool),
        index=[0],
    )
    sites = make_sites(torch.ones(1, 2, 2, dtype=torch.bool), torch.zeros(1, 2, 2).long(), 1)
    with_it, without = (
        Objective(build(shape), shape.level_bounds, LossWeights(smooth=weight))._iuv_terms(
            torch.randn(4, 75), sites, batch
        )
        for weight in (1.0, 0.0)
    )
    assert with_it.keys() - without.keys() == {"smooth"}
