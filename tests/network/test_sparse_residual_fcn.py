"""The three backends of the sparse convolution agree, and the gradient of `gather` is right."""

from types import ModuleType

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddp_video.errors import InputError
from ddp_video.network.background_suppression import make_sites, neighbour_table
from ddp_video.network.sparse_residual_fcn import (
    LAST,
    ROWS,
    SparseResidualFCN,
    _with_shared_pairs,
    convolved_at,
    in_blocks,
    submanifold_conv,
)


def random_sites(share: float, shape: tuple[int, int, int], count: int = 3):
    torch.manual_seed(0)
    active = torch.rand(shape) < share
    if share == 0.0001:
        active = torch.zeros(shape, dtype=torch.bool)
        active[0, 3, 5] = True
    return make_sites(active, torch.randint(0, count, shape), count)


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.25, 1.0])
@pytest.mark.parametrize("shape", [(1, 7, 9), (2, 13, 6), (1, 1, 1)])
def test_gather_equals_dense(share: float, shape: tuple[int, int, int]) -> None:
    if share == 0.0001 and shape == (1, 1, 1):
        pytest.skip("the single cell is the case of 100 %")
    sites = random_sites(share, shape)
    fcn = SparseResidualFCN(8)
    x = torch.randn(len(sites), 8)
    dense, gather = fcn(x, sites, "dense"), fcn(x, sites, "gather")
    assert gather.shape == (len(sites), 8)
    assert (dense - gather).abs().max() < 1e-4 if len(sites) else dense.shape == gather.shape


def test_auto_takes_a_backend_that_agrees() -> None:
    for share in (0.1, 1.0):
        sites = random_sites(share, (1, 11, 12))
        x, weight = torch.randn(len(sites), 4), torch.randn(5, 4, 3, 3)
        auto = submanifold_conv(x, weight, sites, "auto")
        assert torch.allclose(auto, submanifold_conv(x, weight, sites, "dense"), atol=1e-5)


def test_only_active_cells_are_read() -> None:
    """By hand: two active neighbours and one far away; weights count the neighbours."""
    active = torch.zeros(1, 4, 5, dtype=torch.bool)
    for y, x in ((1, 1), (1, 2), (3, 4)):
        active[0, y, x] = True
    sites = make_sites(active, torch.zeros(1, 4, 5, dtype=torch.long), 1)
    values = torch.tensor([[1.0], [10.0], [100.0]])
    summed = submanifold_conv(values, torch.ones(1, 1, 3, 3), sites, "gather")
    assert summed.flatten().tolist() == [11.0, 11.0, 100.0]
    left = torch.zeros(1, 1, 3, 3)
    left[0, 0, 1, 0] = 1  # the kernel's left column reads the left neighbour
    assert submanifold_conv(values, left, sites, "gather").flatten().tolist() == [0.0, 1.0, 0.0]


def test_gradients_of_gather() -> None:
    sites = random_sites(0.4, (2, 5, 4))
    x = torch.randn(len(sites), 3, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(4, 3, 3, 3, dtype=torch.float64, requires_grad=True)

    def conv(x: Tensor, weight: Tensor) -> Tensor:
        return submanifold_conv(x, weight, sites, "gather")

    assert torch.autograd.gradcheck(conv, (x, weight))


def test_spconv_asks_for_cuda() -> None:
    sites = random_sites(0.5, (1, 4, 4))
    with pytest.raises(InputError, match="CUDA"):
        submanifold_conv(torch.randn(len(sites), 2), torch.randn(2, 2, 3, 3), sites, "spconv")


def test_spconv_does_not_train() -> None:
    sites = random_sites(0.5, (1, 4, 4))
    x, weight = torch.randn(len(sites), 2), torch.randn(2, 2, 3, 3, requires_grad=True)
    with pytest.raises(InputError, match="train with sparse_backend='gather'"):
        submanifold_conv(x, weight, sites, "spconv")


class _Tensor:
    """Like spconv 2.3's SparseConvTensor."""

    def __init__(
        self, features: Tensor, indices: Tensor, shape: list[int], batch: int, indice_dict: dict
    ) -> None:
        assert features.dtype in (torch.float16, torch.float32) and indices.dtype == torch.int32
        self.features, self.indices, self.indice_dict = features, indices, indice_dict
        self.grid = (batch, *shape)


class _Conv(nn.Module):
    """Like spconv 2.3's SubMConv2d: KRSC weights; writes pairs into a copy of the dictionary."""

    pairs_made = 0

    def __init__(
        self, c: int, d: int, size: int, padding: int, bias: bool, indice_key: str
    ) -> None:
        super().__init__()
        assert (size, padding, bias) == (3, 1, False)
        self.weight, self.key = nn.Parameter(torch.zeros(d, 3, 3, c)), indice_key

    def forward(self, x: _Tensor) -> _Tensor:
        assert not self.training  # else pairs of the backward pass are made too
        known = x.indice_dict.copy()
        if self.key not in known:
            _Conv.pairs_made += 1
            known[self.key] = "pairs"
        dense = x.features.new_zeros((*x.grid, x.features.shape[1]))
        at = x.indices.long().unbind(1)
        dense[at] = x.features
        weight = self.weight.permute(0, 3, 1, 2).float()
        out = F.conv2d(dense.permute(0, 3, 1, 2).float(), weight, padding=1)
        out = out.permute(0, 2, 3, 1)[at].to(x.features.dtype)
        return _Tensor(out, x.indices, list(x.grid[1:]), x.grid[0], known)


def test_spconv_layers_share_their_pairs_and_never_see_bf16() -> None:
    spconv = ModuleType("spconv")
    spconv.SparseConvTensor, spconv.SubMConv2d = _Tensor, _Conv  # pyright: ignore
    _Conv.pairs_made = 0
    for shape in ((2, 5, 7), (1, 6, 4)):
        sites = random_sites(0.4, shape)
        for dtype, close in ((torch.float32, 1e-4), (torch.bfloat16, 0.1)):
            x, weight = torch.randn(len(sites), 3), torch.randn(5, 3, 3, 3)
            got = _with_shared_pairs(spconv, x.to(dtype), weight.to(dtype), sites)
            assert got.dtype == dtype
            expected = submanifold_conv(x, weight, sites, "dense")
            assert (got.float() - expected).abs().max() < close
    assert _Conv.pairs_made == 2  # once for each picture's sites


@pytest.mark.gpu
@pytest.mark.parametrize("backend", ["dense", "gather", "spconv"])
@pytest.mark.parametrize("share", [0.0, 0.0001, 0.25, 1.0])
def test_backends_on_the_gpu(backend: str, share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)  # 10 bits: off by more than 1e-4
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)
    if backend == "spconv":
        pytest.importorskip("spconv")
    sites = random_sites(share, (2, 13, 9))
    x, weight = torch.randn(len(sites), 16), torch.randn(32, 16, 3, 3)
    expected = submanifold_conv(x, weight, sites, "dense")
    on_gpu = type(sites)(
        sites.flat.cuda(), sites.member.cuda(), sites.neighbours.cuda(), sites.shape
    )
    got = submanifold_conv(x.cuda(), weight.cuda(), on_gpu, backend)  # pyright: ignore[reportArgumentType]
    assert torch.allclose(got.cpu(), expected, atol=1e-4)


def test_products_meet_few_shapes() -> None:
    """oneDNN keeps a kernel for every shape, so frames of all sizes share a few."""
    seen = set()

    def product(rows: Tensor) -> Tensor:
        seen.add(rows.shape[0])
        return rows * 2

    for n in (0, 1, 5, ROWS - 1, ROWS, ROWS + 1):
        rows = torch.arange(2.0 * n).view(n, 2)
        assert torch.equal(in_blocks(rows, product), rows * 2)
    assert seen == {0, ROWS, 2 * ROWS}


@pytest.mark.parametrize("count", [0, 1, LAST, ROWS + 1, 2 * ROWS + LAST])
def test_convolution_at_chosen_places_is_the_dense_one(count: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 5, 40, 50)
    conv = torch.nn.Conv2d(5, 7, 3, padding=1)
    rows = x[0].flatten(1).T
    table = neighbour_table(torch.ones(1, 40, 50, dtype=torch.bool))
    places = torch.randint(0, 2000, (count,))
    got = convolved_at(rows, conv.weight, conv.bias, table[places])
    expected = conv(x)[0].flatten(1).T[places]
    assert got.shape == (count, 7)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)
