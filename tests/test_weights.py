import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ddp_video import weights
from ddp_video.errors import OutputError, WeightsError
from ddp_video.network import build
from ddp_video.settings import Architecture

SMALL = Architecture(width=0.25, channels=16, hidden=16, tower_depth=1)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build(SMALL).eval()


@pytest.fixture
def saved(network, tmp_path: Path) -> Path:
    weights.save_network(network, SMALL, tmp_path / "small.safetensors", {"step": "7"})
    return tmp_path / "small.safetensors"


def one_line(error: pytest.ExceptionInfo) -> str:
    message = str(error.value)
    assert message and "\n" not in message
    return message


# ------------------------------------------------------------------------------------ files


def test_round_trip_is_the_fp16_value_of_every_tensor(network, saved):
    loaded = weights.load_network(weights.resolve(saved)).state_dict()
    expected = network.state_dict()
    assert loaded.keys() == expected.keys()
    for name, value in expected.items():
        assert loaded[name].dtype == value.dtype
        assert torch.equal(
            loaded[name], value.half().float() if value.is_floating_point() else value
        )


def test_file_is_half_precision_and_says_what_it_fits(saved):
    assert {t.dtype for t in load_file(saved).values() if t.is_floating_point()} == {torch.float16}
    assert weights.read_architecture(saved) == SMALL


def test_the_loaded_network_is_frozen_for_inference(saved):
    loaded = weights.load_network(weights.resolve(saved))
    assert not loaded.training
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}


def test_values_beyond_half_precision_stay_whole(network, tmp_path):
    name = next(iter(network.state_dict()))
    kept = network.state_dict()[name].clone()
    try:
        network.state_dict()[name].flatten()[0] = 1e6
        weights.save_network(network, SMALL, tmp_path / "large.safetensors")
    finally:
        network.state_dict()[name].copy_(kept)
    stored = load_file(tmp_path / "large.safetensors")[name]
    assert stored.dtype == torch.float32
    assert stored.flatten()[0] == 1e6


def test_a_failed_write_leaves_nothing(network, tmp_path):
    with pytest.raises(OutputError) as error:
        weights.save_network(network, SMALL, tmp_path / "missing" / "a.safetensors")
    one_line(error)
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(OutputError):
        weights.save_network(network, SMALL, tmp_path / "folder.safetensors")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.safetensors"]


# -------------------------------------------------------------------------------- wrong files


@pytest.mark.parametrize("size", [0, 4, 100, 5000])
def test_truncated(saved, size):
    saved.write_bytes(saved.read_bytes()[:size])
    with pytest.raises(WeightsError) as error:
        weights.load_network(weights.resolve(saved))
    assert "damaged" in one_line(error)


def test_not_safetensors(tmp_path):
    (tmp_path / "notes.safetensors").write_text("these are notes, and quite a few of them")
    with pytest.raises(WeightsError) as error:
        weights.load_network(weights.resolve(tmp_path / "notes.safetensors"))
    assert "damaged" in one_line(error)


def test_safetensors_of_another_program(tmp_path):
    save_file({"conv.weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError) as error:
        weights.load_network(weights.resolve(tmp_path / "other.safetensors"))
    assert "architecture" in one_line(error)


@pytest.mark.parametrize(
    "change",
    [
        {"backbone": "resnet50"},
        {"width": 0.5},
        {"hidden": 32},
        {"level_bounds": [48, 96]},
    ],
)
def test_tensors_of_another_network(saved, change):
    metadata = {"architecture": json.dumps(vars(SMALL) | change)}
    save_file(load_file(saved), saved, metadata)
    with pytest.raises(WeightsError) as error:
        weights.load_network(weights.resolve(saved))
    assert "does not fit" in one_line(error)


@pytest.mark.parametrize(
    ("architecture", "named"),
    [
        ({"backbone": "vgg16"}, "vgg16"),
        ({"backbone": "resnet50", "heads": 3}, "heads"),
        ({"backbone": "resnet50", "channels": "many"}, "many"),
        ({"backbone": "resnet50", "instance_norm": 1}, "instance_norm"),
        ({"backbone": ["resnet50"]}, "backbone"),
        ({"channels": 16}, "no backbone"),
    ],
)
def test_a_network_that_is_not_known(saved, architecture, named):
    save_file(load_file(saved), saved, {"architecture": json.dumps(architecture)})
    with pytest.raises(WeightsError) as error:
        weights.read_architecture(saved)
    assert named in one_line(error)


@pytest.mark.parametrize("text", ["", "{", "[1]", '"resnet50"'])
def test_unreadable_architecture(saved, text):
    save_file(load_file(saved), saved, {"architecture": text})
    with pytest.raises(WeightsError, match="says nothing of its architecture"):
        weights.read_architecture(saved)


# ---------------------------------------------------------------------------------- manifest


@pytest.fixture
def manifest(saved) -> Path:
    path = saved.with_name("manifest.toml")
    path.write_text(
        f'[other]\nfile = "other.safetensors"\nsha256 = "{"0" * 64}"\n'
        f'[small]\nfile = "small.safetensors"\nsha256 = "{weights.sha256_of(saved)}"\n'
        'default = true\nlicence = "CC0"\nmeasured = { iou = 0.5 }\n',
        encoding="utf-8",
    )
    return path


def test_sha256_of_known_bytes(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert weights.sha256_of(tmp_path / "abc") == digest


def test_names(manifest, saved):
    assert weights.resolve("small", manifest).path == saved
    assert weights.resolve(None, manifest).name == "small"
    assert weights.resolve(None, manifest).measured == {"iou": 0.5}
    assert weights.resolve(saved, manifest).sha256 is None


def test_unknown_name_lists_the_known_ones(manifest):
    with pytest.raises(WeightsError) as error:
        weights.resolve("smal", manifest)
    assert "other, small" in one_line(error)


def test_no_default(manifest):
    manifest.write_text(manifest.read_text().replace("default = true\n", ""))
    with pytest.raises(WeightsError, match="no default"):
        weights.resolve(None, manifest)


def test_a_changed_byte_is_refused(manifest, saved):
    weights.verify(weights.resolve("small", manifest))
    content = bytearray(saved.read_bytes())
    content[-1] ^= 1
    saved.write_bytes(content)
    with pytest.raises(WeightsError) as error:
        weights.load_network(weights.resolve("small", manifest))
    assert "is not the file" in one_line(error)


def test_a_missing_file_is_named(manifest):
    with pytest.raises(WeightsError, match=r"other\.safetensors cannot be read"):
        weights.verify(weights.resolve("other", manifest))


@pytest.mark.parametrize(
    "text",
    ["[a", '[a]\nfile = "a"', '[a]\nfile = "a"\nsha256 = "12"', "a = 1", '[a]\nsha256 = "x"'],
)
def test_a_wrong_manifest(tmp_path, text):
    (tmp_path / "manifest.toml").write_text(text)
    with pytest.raises(WeightsError) as error:
        weights.known(tmp_path / "manifest.toml")
    one_line(error)


# ------------------------------------------------------------------------- what is shipped


def test_shipped_weights_are_whole_and_one_is_the_default():
    entries = weights.known()
    assert [entry.default for entry in entries.values()].count(True) == 1
    for entry in entries.values():
        weights.verify(entry)
        assert entry.licence and entry.recipe and entry.data and entry.measured


def test_shipped_weights_fit_what_the_manifest_says():
    for entry in weights.known().values():
        stored = weights.read_architecture(entry.path)
        bounds = tuple(entry.architecture.get("level_bounds", stored.level_bounds))
        assert replace(stored, **{**entry.architecture, "level_bounds": bounds}) == stored
        weights.load_network(entry)
