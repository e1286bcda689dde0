"""Flow by known motions, its units, and what happens without weights."""

import cv2
import numpy as np
import pytest
import safetensors.torch
import torch
from torchvision.models.optical_flow import raft_large, raft_small

import ddp_video.flow
from ddp_video.errors import ShapeError, WeightsError
from ddp_video.flow import DisFlow, RaftFlow, load_raft, make_flow, to_grid
from ddp_video.settings import FlowSettings

# OpenCV's own results differ by 1e-6 with the alignment of the memory
CLOSE = {"atol": 1e-3, "rtol": 1e-3}


def world(height: int, width: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (height, width, 3), np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return cv2.normalize(smooth, smooth.copy(), 0, 255, cv2.NORM_MINMAX)


def panning(frames: int, step: tuple[int, int], size=(90, 160)) -> list[np.ndarray]:
    """The picture's content moves by `step` (x, y), both at most 0, from frame to frame."""
    height, width = size
    big = world(height + 40, width + 40)
    starts = [(-step[1] * t, -step[0] * t) for t in range(frames)]
    return [np.ascontiguousarray(big[y : y + height, x : x + width]) for y, x in starts]


@pytest.fixture(scope="module")
def small_raft():
    torch.manual_seed(0)
    return raft_small(weights=None).eval()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty torchvision cache, and a network that is down."""

    def down(*_arguments, **_options):
        raise OSError("<urlopen error no network>")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", down)
    return tmp_path / "hub" / "checkpoints"


# --- DIS ----------------------------------------------------------------------------------------


def test_dis_finds_a_known_shift_in_the_units_of_the_grid():
    window = panning(3, step=(-4, -2))
    flows = DisFlow().flows(window, 1, (30, 40))  # x: 160 -> 40, y: 90 -> 30
    assert flows.keys() == {-1, 1}
    for k, flow in flows.items():
        assert flow.shape == (2, 30, 40)
        assert flow.dtype == torch.float32
        inner = flow[:, 4:-4, 4:-4]
        true = torch.tensor([-4 * k * 40 / 160, -2 * k * 30 / 90]).view(2, 1, 1)
        assert (inner - true).abs().max() < 0.05


def test_the_units_do_not_depend_on_the_size_of_the_estimation():
    window = panning(2, step=(-8, -4), size=(180, 320))
    for max_side in (160, 240, 640):
        flow = DisFlow(max_side).flows(window, 0, (45, 40))[1]
        assert flow[0, 6:-6, 6:-6].mean() == pytest.approx(-8 * 40 / 320, abs=0.03)
        assert flow[1, 6:-6, 6:-6].mean() == pytest.approx(-4 * 45 / 180, abs=0.03)


def test_every_neighbour_of_the_window_has_its_flow():
    window = panning(5, step=(-3, 0))
    engine = DisFlow()
    for centre in range(5):
        flows = engine.flows(window, centre, (90, 160))
        assert sorted(flows) == [k for k in range(-centre, 5 - centre) if k]
        for k, flow in flows.items():
            assert flow[0, 20:-20, 40:-40].median() == pytest.approx(-3.0 * k, abs=0.1)


def test_a_still_pair_does_not_move():
    image = world(60, 80)
    flow = DisFlow().flows([image, image.copy()], 0, (15, 20))[1]
    assert flow.abs().max() < 1e-3


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (33, 35), (200, 9)])
def test_any_size_of_frame_works(size):
    image = world(*size)
    flow = DisFlow().flows([image, image.copy()], 1, (5, 7))[-1]
    assert flow.shape == (2, 5, 7)
    assert flow.abs().max() < 1e-3


def test_each_frame_is_prepared_once_and_only_the_window_kept(monkeypatch):
    engine, prepared = DisFlow(), []
    plain = engine._prepare
    monkeypatch.setattr(engine, "_prepare", lambda pixels: prepared.append(1) or plain(pixels))
    frames = panning(8, step=(-1, 0), size=(40, 40))
    sliding = [engine.flows(frames[t - 2 : t + 3], 2, (10, 10)) for t in range(2, 6)]
    assert len(prepared) == 8
    assert len(engine._kept) == 5
    for t, flows in zip(range(2, 6), sliding, strict=True):
        fresh = DisFlow().flows(frames[t - 2 : t + 3], 2, (10, 10))
        for k in fresh:
            torch.testing.assert_close(flows[k], fresh[k], **CLOSE)


def test_windows_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="one size"):
        DisFlow().flows([world(40, 40), world(40, 41)], 0, (10, 10))
    with pytest.raises(ShapeError, match="position 1"):
        DisFlow().flows([world(40, 40)], 1, (10, 10))


# --- from the frame's grid to the logits' -------------------------------------------------------


def test_to_grid_averages_and_scales_each_axis_by_its_own_factor():
    flow = np.zeros((4, 6, 2), np.float32)
    flow[:2, :3], flow[2:, 3:] = (6, 4), (12, -8)
    result = to_grid(flow, (2, 2))  # x by 2/6, y by 2/4
    torch.testing.assert_close(result[0], torch.tensor([[2.0, 0], [0, 4]]))
    torch.testing.assert_close(result[1], torch.tensor([[2.0, 0], [0, -4]]))
    mixed = to_grid(flow, (1, 2))  # the mean of the two rows of cells
    torch.testing.assert_close(mixed[:, 0], torch.tensor([[1.0, 2.0], [0.5, -1.0]]))


def test_to_grid_keeps_a_ramp_where_one_axis_grows_and_the_other_shrinks():
    ramp = np.zeros((8, 4, 2), np.float32)
    ramp[..., 1] = np.arange(8)[:, None] + 0.5
    result = to_grid(ramp, (4, 8))
    torch.testing.assert_close(result[1], (torch.arange(4.0) + 0.5)[:, None].expand(4, 8))


# --- RAFT ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [raft_small, pytest.param(raft_large, marks=pytest.mark.slow)])
def test_raft_equals_torchvisions_own_forward(build):
    torch.manual_seed(0)
    model = build(weights=None).eval()
    window = panning(3, step=(-2, -1), size=(128, 136))
    flows = RaftFlow(model, updates=3).flows(window, 1, (32, 34))
    pictures = [torch.from_numpy(each).permute(2, 0, 1)[None] / 127.5 - 1 for each in window]
    for k, flow in flows.items():
        with torch.no_grad():
            expected = model(pictures[1], pictures[1 + k], num_flow_updates=3)[-1]
        expected = torch.nn.functional.avg_pool2d(expected, 4)[0] / 4
        torch.testing.assert_close(flow, expected, **CLOSE)


def test_raft_pads_to_its_sides_and_gives_all_pairs(small_raft):
    engine = RaftFlow(small_raft, updates=1, max_side=100)
    window = [world(50, 130, seed) for seed in range(6)]  # 6: more pairs than stand in one batch
    flows = engine.flows(window, 2, (13, 17))
    assert sorted(flows) == [-2, -1, 1, 2, 3]
    assert all(flow.shape == (2, 13, 17) for flow in flows.values())
    again = engine.flows(window[:3], 2, (13, 17))
    torch.testing.assert_close(again[-1], flows[-1], **CLOSE)


def test_rafts_own_pixels_become_those_of_the_grid(small_raft, monkeypatch):
    engine = RaftFlow(small_raft, max_side=160)
    constant = torch.tensor([8.0, -6.0]).view(1, 2, 1, 1).expand(1, 2, 128, 160)
    monkeypatch.setattr(engine, "_pairs", lambda _present, others: constant)
    flow = engine.flows([world(180, 320)] * 2, 0, (45, 40))[1]  # estimated at 90x160, padded
    torch.testing.assert_close(flow[0], torch.full((45, 40), 8.0 * 40 / 160))
    torch.testing.assert_close(flow[1], torch.full((45, 40), -6.0 * 45 / 90))


# --- choosing -----------------------------------------------------------------------------------


def test_auto_without_weights_is_dis_and_says_so(cache):
    engine, note = make_flow(FlowSettings(), "cpu")
    assert isinstance(engine, DisFlow)
    assert "no RAFT weights" in note
    assert "\n" not in note


def test_dis_by_name(cache):
    engine, note = make_flow(FlowSettings(engine="dis", max_side=200), "cpu")
    assert isinstance(engine, DisFlow)
    assert engine.max_side == 200
    assert "asked" in note


def test_raft_by_name_without_weights_or_network_says_what_to_do(cache):
    with pytest.raises(WeightsError, match=r"put https://.*raft_small.* at .*--flow dis") as caught:
        make_flow(FlowSettings(engine="raft-small"), "cpu")
    assert "\n" not in str(caught.value)
    assert not any(cache.glob("*"))


def test_auto_finds_torchvisions_cache(cache, small_raft):
    cache.mkdir(parents=True)
    path = cache / ddp_video.flow._cache_file("raft-small").name
    torch.save(small_raft.state_dict(), path)
    engine, note = make_flow(FlowSettings(updates=5), "cpu")
    assert isinstance(engine, RaftFlow)
    assert engine.updates == 5
    assert note == f"RAFT SMALL, weights from {path}"


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_weights_file_is_used_and_recognised(tmp_path, small_raft, suffix):
    path = tmp_path / f"mine{suffix}"
    state = small_raft.state_dict()
    if suffix == ".pth":
        torch.save(state, path)
    else:
        safetensors.torch.save_file(state, path)
    engine, note = make_flow(FlowSettings(weights=str(path)), "cpu")
    assert isinstance(engine, RaftFlow)
    assert str(path) in note
    torch.testing.assert_close(dict(engine.model.state_dict()), dict(state))
    with pytest.raises(WeightsError, match="use --flow raft-small"):
        make_flow(FlowSettings(engine="raft-large", weights=str(path)), "cpu")


def test_large_weights_are_recognised(tmp_path):
    path = tmp_path / "large.safetensors"
    safetensors.torch.save_file(raft_large(weights=None).state_dict(), path)
    assert load_raft(path)[0] == "raft-large"


@pytest.mark.parametrize("name", ["damaged.safetensors", "damaged.pth", "empty.pth"])
def test_damaged_weights_are_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"" if "empty" in name else b"these are no weights at all")
    with pytest.raises(WeightsError, match="cannot be read"):
        make_flow(FlowSettings(weights=str(path)), "cpu")


def test_truncated_weights_are_refused(tmp_path, small_raft):
    for path in (tmp_path / "cut.pth", tmp_path / "cut.safetensors"):
        if path.suffix == ".pth":
            torch.save(small_raft.state_dict(), path)
        else:
            safetensors.torch.save_file(small_raft.state_dict(), path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(WeightsError, match="cannot be read"):
            load_raft(path)


def test_weights_of_something_else_are_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match="no RAFT"):
        load_raft(path)
    torch.save([1, 2], path)
    with pytest.raises(WeightsError, match="no state dict"):
        load_raft(path)
    with pytest.raises(WeightsError, match="no flow weights at"):
        load_raft(tmp_path / "absent.pth")
