"""The weights registry: which files there are, whether they are whole, how one becomes a network.

Weights are data (manifest.toml): file, sha256, licence, architecture, recipe, measured figures.
A weights file is safetensors in fp16, and carries its own architecture as JSON in the metadata, so
that a file from a training run works by its path alone.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from .atomic import beside
from .errors import OutputError, WeightsError
from .settings import Architecture

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from .network import DirectDensePose

ARCHITECTURE_KEY = "architecture"
FP16_MAX = 65504.0


@dataclass(frozen=True)
class WeightsFile:
    """One file of weights.

    Attributes:
        name: its name in the manifest, or the file's stem.
        path: the safetensors file.
        sha256: what the manifest says it must be; None for a file given by its path.
        default: True for the one that is used when none is named.
        licence: of the weights; "" where unknown.
        preprocessing: what the network expects of its input, in words.
        recipe: the command that made them.
        data: what they were trained on.
        architecture: as the manifest says; the file's own metadata decides when it is loaded.
        measured: figure → value.
    """

    name: str
    path: Path
    sha256: str | None = None
    default: bool = False
    licence: str = ""
    preprocessing: str = ""
    recipe: str = ""
    data: tuple[str, ...] = ()
    architecture: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)


def folder() -> Path:
    """The folder of the shipped weights: inside an installed package, or `weights/` of a checkout.

    Raises:
        WeightsError: neither exists.
    """
    packaged = Path(__file__).parent / "weights_data"
    checkout = Path(__file__).parent.parent / "weights"
    for candidate in (packaged, checkout):
        if (candidate / "manifest.toml").is_file():
            return candidate
    raise WeightsError("the weights' manifest.toml is missing: install ddp-video again")


def known(manifest: Path | None = None) -> dict[str, WeightsFile]:
    """Every entry of the manifest by its name.

    Args:
        manifest: the file to read; None for the one that travels with the package.

    Raises:
        WeightsError: the manifest is not TOML, or an entry lacks its file or its sha256.
    """
    manifest = manifest or folder() / "manifest.toml"
    try:
        tables = tomllib.loads(manifest.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise WeightsError(
            f"{manifest} cannot be read ({error}): install ddp-video again"
        ) from error
    return {name: _entry(name, table, manifest) for name, table in tables.items()}


def _entry(name: str, table: Any, manifest: Path) -> WeightsFile:  # noqa: ANN401 (TOML value)
    if not isinstance(table, dict) or not isinstance(table.get("file"), str):
        raise WeightsError(f"{manifest}: [{name}] needs a file; correct the manifest")
    if not re.fullmatch(r"[0-9a-f]{64}", str(table.get("sha256"))):
        raise WeightsError(f"{manifest}: [{name}] needs a sha256 of 64 hex digits; correct it")
    return WeightsFile(
        name=name,
        path=manifest.parent / table["file"],
        sha256=table["sha256"],
        default=table.get("default", False),
        licence=table.get("licence", ""),
        preprocessing=table.get("preprocessing", ""),
        recipe=table.get("recipe", ""),
        data=tuple(table.get("data", ())),
        architecture=table.get("architecture", {}),
        measured=table.get("measured", {}),
    )


def resolve(name_or_path: str | Path | None = None, manifest: Path | None = None) -> WeightsFile:
    """The weights that are meant.

    Args:
        name_or_path: a name of the manifest, a safetensors file, or None for the default.
        manifest: the manifest to read; None for the one that travels with the package.

    Raises:
        WeightsError: nothing of that name, neither in the manifest nor as a file.
    """
    entries = known(manifest)
    if name_or_path is None:
        for entry in entries.values():
            if entry.default:
                return entry
        raise WeightsError("no default weights in the manifest: name a file with --weights FILE")
    if str(name_or_path) in entries:
        return entries[str(name_or_path)]
    path = Path(name_or_path)
    if path.is_file():
        return WeightsFile(name=path.stem, path=path)
    names = ", ".join(entries) or "none"
    raise WeightsError(
        f"no weights {str(name_or_path)!r}: neither a file nor a known name (known: {names}); "
        "ddp-video weights list shows the names"
    )


def sha256_of(path: Path) -> str:
    """Hash of a file, 64 hex digits.

    Raises:
        WeightsError: the file is missing or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from error


def verify(weights: WeightsFile) -> str:
    """Check a file against the manifest.

    Returns:
        The file's sha256.

    Raises:
        WeightsError: the file is missing, or its hash is not the manifest's.
    """
    actual = sha256_of(weights.path)
    if weights.sha256 is not None and actual != weights.sha256:
        raise WeightsError(
            f"{weights.path} is not the file that the manifest describes "
            f"(sha256 {actual[:12]}…, expected {weights.sha256[:12]}…): install ddp-video again"
        )
    return actual


def read_architecture(path: Path) -> Architecture:
    """The architecture that a weights file carries in its metadata.

    Raises:
        WeightsError: the file is damaged, was not written by `save_network`, or describes a network
            that this version does not know.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise WeightsError(_damaged(path)) from error
    try:
        stored = json.loads(metadata.get(ARCHITECTURE_KEY, ""))
    except json.JSONDecodeError:
        stored = None
    if not isinstance(stored, dict):
        raise WeightsError(
            f"{path} says nothing of its architecture: name weights made by ddp-video train"
        )
    odd = [name for name, value in stored.items() if not _is_known(name, value)]
    if odd or "backbone" not in stored:
        what = ", ".join(f"{name} = {stored[name]!r}" for name in odd) or "no backbone"
        raise WeightsError(
            f"{path} was made for a network that this version cannot build ({what}): "
            "choose other weights or update ddp-video"
        )
    if "level_bounds" in stored:
        stored["level_bounds"] = tuple(stored["level_bounds"])
    return Architecture(**stored)


def _is_known(name: str, value: object) -> bool:
    """Whether a JSON value can be this field of `Architecture`."""
    usual = {f.name: f.default for f in fields(Architecture)}
    if name == "backbone":
        return value in get_args(get_type_hints(Architecture)["backbone"])
    if name == "level_bounds":
        return isinstance(value, list) and all(isinstance(bound, int) for bound in value)
    if isinstance(usual.get(name), float):
        return isinstance(value, int | float)
    return name in usual and type(value) is type(usual[name])


def load_network(weights: WeightsFile, device: "str | torch.device" = "cpu") -> "DirectDensePose":
    """Build the network that the file describes and fill it, in fp32 and evaluation mode.

    Args:
        weights: from `resolve`.
        device: where the network goes.

    Raises:
        WeightsError: wrong hash, damaged file, unknown architecture, or tensors of another one.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from .network import build

    verify(weights)
    architecture = read_architecture(weights.path)
    try:
        state = load_file(weights.path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(_damaged(weights.path)) from error
    network = build(architecture)
    _check_fit(network.state_dict(), state, weights.path, architecture)
    network.load_state_dict(state, strict=True)
    return network.float().eval().to(device)


def save_network(
    network: "DirectDensePose",
    architecture: Architecture,
    path: Path,
    extra_metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a network as fp16 safetensors, beside the target first and renamed at the end.

    A tensor that fp16 cannot hold (a running variance above 65504) stays in fp32.

    Args:
        network: the module whose state is written.
        architecture: what `ddp_video.network.build` built it from.
        path: the file to write.
        extra_metadata: further entries for the file's metadata.

    Raises:
        OutputError: the file cannot be written.
    """
    from safetensors.torch import save

    metadata = {**(extra_metadata or {}), ARCHITECTURE_KEY: json.dumps(asdict(architecture))}
    tensors = {name: _halved(value) for name, value in network.state_dict().items()}
    try:
        with beside(path) as part:
            part.write_bytes(save(tensors, metadata))
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror})") from error


def _halved(value: "Tensor") -> "Tensor":
    value = value.detach().cpu().contiguous()
    if not value.is_floating_point() or (value.numel() and value.abs().max() > FP16_MAX):
        return value.clone()
    return value.half().clone()


def _check_fit(
    expected: Mapping[str, "Tensor"],
    state: Mapping[str, "Tensor"],
    path: Path,
    architecture: Architecture,
) -> None:
    missing = expected.keys() - state.keys()
    unexpected = state.keys() - expected.keys()
    reshaped = {
        key for key in expected.keys() & state.keys() if expected[key].shape != state[key].shape
    }
    if missing or unexpected or reshaped:
        example = min(missing or unexpected or reshaped)
        raise WeightsError(
            f"{path} does not fit the {architecture.backbone} network that it names: "
            f"{len(missing)} tensors missing, "
            f"{len(unexpected)} unexpected, {len(reshaped)} of another shape, for example "
            f"{example}; choose weights of this backbone"
        )


def _damaged(path: Path) -> str:
    return f"{path} is damaged or is no safetensors file: download or copy it again"
