"""`ddp-video synth`: what it makes, and what it refuses in one line."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from ddp_video.data import DatasetWriter, DensePoseDataset, PersonLabel
from ddp_video.errors import InputError
from ddp_video.settings import ClipSettings, LookSettings, PictureSettings
from ddp_video.synthesis import workers


@pytest.fixture
def nobody_works(monkeypatch):
    """Orders are checked and agreed on; no process is started."""
    given = []
    monkeypatch.setattr(
        "ddp_video.synthesis.production.worked_off",
        lambda jobs, total, workers, progress: given.append((jobs, total, workers)) or total,
    )
    monkeypatch.setattr(workers, "find_spec", lambda name: name)
    return given


def test_options_become_an_order(ddp_video_, tmp_path, nobody_works):
    assets = tmp_path / "assets"
    assets.mkdir()
    folder = tmp_path / "people"
    end = ddp_video_(
        *("synth", "pictures", "-n", 250, "-o", folder, "--people", "2..5", "--size", 320),
        *("--seed", 7, "--workers", 3, "--assets", assets, "--behind", 0.5, "--points"),
        *("--looking-back", 0.25),
        *("--gesturing", 0.5),
    )
    assert end.code == 0
    assert "250 pictures rendered" in end.out
    ((jobs, total, count),) = nobody_works
    assert (total, count) == (250, 3)
    orders = [arguments for _, arguments in jobs]
    assert [(shard, numbers) for _, shard, numbers in orders] == [
        (0, range(100)),
        (1, range(100, 200)),
        (2, range(200, 250)),
    ]
    order = orders[0][0]
    assert order.settings == PictureSettings(
        320, (2, 5), assets, behind=0.5, looking_back=0.25, gesturing=0.5, points=True
    )
    assert order.seed == 7
    recipe = json.loads((folder / "recipe.json").read_text())
    assert recipe["assets"] is True
    assert recipe["backgrounds"] is False


@pytest.mark.parametrize("kind", ["pictures", "clips"])
def test_looks_stand_in_the_recipe_where_there_are_some(ddp_video_, tmp_path, nobody_works, kind):
    table = tmp_path / "looks.npz"
    table.write_bytes(b"")
    plain = ddp_video_("synth", kind, "-n", 3, "-o", tmp_path / "plain")
    worn = ddp_video_(
        *("synth", kind, "-n", 3, "-o", tmp_path / "worn", "--looks", table, "--in-looks", 0.5)
    )
    assert (plain.code, worn.code) == (0, 0)
    recipes = [json.loads((tmp_path / k / "recipe.json").read_text()) for k in ("plain", "worn")]
    assert "looks" not in recipes[0]
    assert "in_looks" not in recipes[0]
    assert (recipes[1]["looks"], recipes[1]["in_looks"]) == (True, 0.5)
    settings = nobody_works[1][0][0][1][0].settings
    assert (settings.looks, settings.in_looks) == (table, 0.5)


def test_a_folder_keeps_to_its_recipe(ddp_video_, tmp_path, nobody_works):
    folder = tmp_path / "people"
    assert ddp_video_("synth", "pictures", "-n", 3, "-o", folder).code == 0
    assert ddp_video_("synth", "pictures", "-n", 9, "-o", folder).code == 0
    other = ddp_video_("synth", "pictures", "-n", 9, "-o", folder, "--seed", 1)
    assert other.code == 2
    assert "other settings; choose another folder" in other.err
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_text("")
    taken = ddp_video_("synth", "pictures", "-n", 9, "-o", tmp_path / "photos")
    assert taken.code == 2
    assert "not empty" in taken.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--people", "some"], "write 1..6"),
        (["--people", "0..2"], "within 1..15"),
        (["--people", "3..20"], "within 1..15"),
        (["--seed", "-1"], "seed -1 is negative"),
        (["--size", "16"], "64 to 2048"),
        (["-n", "0"], "ask for one"),
        (["--workers", "0"], "take 1 or more"),
        (["--assets", "nowhere"], "nowhere is not there"),
        (["--backgrounds", "nowhere"], "nowhere is not there"),
        (["--motion", "nowhere"], "nowhere is not there"),
        (["--landmarks", "nowhere"], "nowhere is not there"),
        (["--looks", "nowhere"], "nowhere is not there"),
        (["--in-looks", "1.5"], "within 0..1"),
        (["--behind", "2"], "within 0..1"),
        (["--looking-back", "-0.5"], "within 0..1"),
        (["--gesturing", "2"], "within 0..1"),
    ],
)
def test_pictures_that_cannot_be_made(ddp_video_, tmp_path, options, words):
    end = ddp_video_("synth", "pictures", "-o", tmp_path / "out", *options)
    assert end.code == 2
    assert words in end.err
    assert end.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--size", "640"], "write 640x360"),
        (["--size", "641x360"], "even sides"),
        (["--size", "32x32"], "64 to 2048"),
        (["--seconds", "0"], "0.2 to 60 seconds"),
        (["--rate", "500"], "1 to 120 frames"),
        (["--people", "16"], "within 1..15"),
        (["--looks", "nowhere"], "nowhere is not there"),
        (["--in-looks", "-1"], "within 0..1"),
        (["--seconds", "0.2", "--rate", "5"], "is no clip"),
    ],
)
def test_clips_that_cannot_be_made(ddp_video_, tmp_path, options, words):
    end = ddp_video_("synth", "clips", "-o", tmp_path / "out", *options)
    assert end.code == 2
    assert words in end.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("workers", "shares"), [(1, 1), (2, 2), (9, 4)])
def test_workers_share_each_clip(ddp_video_, tmp_path, nobody_works, workers, shares):
    options = ["--seconds", 4, "--rate", 25, "--workers", workers]
    assert ddp_video_("synth", "clips", "-n", 3, "-o", tmp_path / "out", *options).code == 0
    ((jobs, total, _),) = nobody_works
    assert total == 3
    assert [given[1:4] for _, given in jobs] == [
        (number, share, shares) for number in range(3) for share in range(shares)
    ]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["recipe.json"]


def test_work_that_fails_at_once_leaves_nothing(ddp_video_, tmp_path, monkeypatch):
    def failing(jobs, total, workers, progress):
        job = jobs[0][1][0]
        (job.folder / "shard_00000" / "images").mkdir(parents=True)
        raise InputError("no photos in rooms; give a folder of photos")

    monkeypatch.setattr("ddp_video.synthesis.production.worked_off", failing)
    monkeypatch.setattr(workers, "find_spec", lambda name: name)
    end = ddp_video_("synth", "pictures", "-o", tmp_path / "out")
    assert end.code == 2
    assert "no photos in rooms" in end.err
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    assert ddp_video_("synth", "pictures", "-o", tmp_path / "out").code == 2
    assert not any((tmp_path / "out").iterdir())


def test_work_that_fails_later_stays(ddp_video_, tmp_path, monkeypatch):
    def failing(jobs, total, workers, progress):
        picture = jobs[0][1][0].folder / "shard_00000" / "images" / "0000000.jpg"
        picture.parent.mkdir(parents=True)
        picture.write_bytes(b"made")
        raise InputError("the disk is gone")

    monkeypatch.setattr("ddp_video.synthesis.production.worked_off", failing)
    monkeypatch.setattr(workers, "find_spec", lambda name: name)
    assert ddp_video_("synth", "pictures", "-o", tmp_path / "out").code == 2
    assert (tmp_path / "out" / "recipe.json").is_file()


@pytest.mark.parametrize("what", ["pictures", "clips"])
def test_without_the_extra(ddp_video_, tmp_path, monkeypatch, what):
    monkeypatch.setattr(workers, "find_spec", lambda name: None)
    end = ddp_video_("synth", what, "-o", tmp_path / "out")
    assert end.code == 2
    assert "pip install 'ddp-video[synth]'" in end.err
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_a_file(ddp_video_, tmp_path):
    (tmp_path / "out").write_text("")
    end = ddp_video_("synth", "pictures", "-o", tmp_path / "out")
    assert end.code == 4
    assert "is a file" in end.err


def test_preview_draws_the_labels_of_all_shards(ddp_video_, tmp_path):
    for shard in range(2):
        with DatasetWriter(tmp_path / f"shard_{shard:05d}", ".png") as writer:
            mask = np.zeros((40, 40), bool)
            mask[10:30, 15:25] = True
            iuv = np.zeros((40, 40, 3), np.uint8)
            iuv[mask] = (2, 100, 100)
            grey = np.full((40, 40, 3), 128, np.uint8)
            writer.add(grey, [PersonLabel(mask)], iuv, key="a")
    end = ddp_video_("synth", "preview", tmp_path)
    assert end.code == 0
    assert {p.name for p in (tmp_path / "preview").iterdir()} == {"sheet_00.jpg", "pictures_00.jpg"}
    assert len(DensePoseDataset(tmp_path)) == 2  # the sheets are no shard


def test_preview_of_nothing(ddp_video_, tmp_path):
    end = ddp_video_("synth", "preview", tmp_path)
    assert end.code == 6
    assert "give a dataset" in end.err


@pytest.mark.slow
def test_processes_make_what_one_makes(ddp_video_, tmp_path):
    pytest.importorskip("anny")
    pytest.importorskip("warp")
    from ddp_video.synthesis.production import Order, fill

    folder, alone = tmp_path / "two", tmp_path / "one"
    options = ["--size", 64, "--people", 1, "--seed", 3]
    end = ddp_video_("synth", "pictures", "-n", 2, "-o", folder, "--workers", 2, *options)
    assert end.code == 0
    assert "2 pictures rendered" in end.out
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as each of the processes: sums in another order may turn a pixel
    try:
        fill(Order(alone, 2, PictureSettings(64, (1, 1)), 3), 0, range(2))
    finally:
        torch.set_num_threads(threads)
    names = sorted(p.relative_to(alone) for p in alone.rglob("*.*"))
    assert len(names) == 5
    for name in names:
        assert (folder / name).read_bytes() == (alone / name).read_bytes()
    again = ddp_video_("synth", "pictures", "-n", 2, "-o", folder, "--workers", 1, *options)
    assert "0 pictures rendered, 2 were there before" in again.out


@pytest.mark.slow
def test_shares_make_the_clip_that_one_makes(tmp_path):
    """Whichever share is done first."""
    pytest.importorskip("anny")
    pytest.importorskip("warp")
    from ddp_video.synthesis.production import ClipOrder, film

    settings = ClipSettings((96, 128), seconds=0.5, rate=14, people=(2, 2))
    names = [f"clip_00000.{kind}" for kind in ("flow.mkv", "mp4", "truth.mkv")]
    files = []
    for k, (shares, numbers) in enumerate([(1, [0]), (3, [2, 0, 1])]):
        folder, kept = tmp_path / f"{k}", tmp_path / f"kept_{k}"
        folder.mkdir()
        kept.mkdir()
        for share in numbers:
            assert not any(folder.iterdir())
            film(ClipOrder(folder, 1, settings, 3), 0, share, shares, kept)
        assert sorted(path.name for path in folder.iterdir()) == names
        assert not any(kept.iterdir())
        files.append([(folder / name).read_bytes() for name in names])
    assert files[0][0] == files[1][0]
    assert files[0][2] == files[1][2]


def test_landmarks_are_a_table_of_the_photos_people(ddp_video_, tmp_path, monkeypatch):
    given = []

    def written(photos, teachers, path, progress):
        given.append(([photo.name for photo in photos], teachers, path))
        return 7

    import ddp_video.fitting.photos  # noqa: F401 - binds the true Teachers before they are replaced

    monkeypatch.setattr("ddp_video.fitting.landmark_table.write_landmarks", written)
    monkeypatch.setattr("ddp_video.fitting.observe.Teachers", lambda folder: folder)
    for name in ("b.jpg", "a.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    table = tmp_path / "poses.npz"
    end = ddp_video_("synth", "landmarks", tmp_path, "-o", table, "--teachers", tmp_path)
    assert end.code == 0
    assert "7 poses" in end.out
    assert given == [(["a.png", "b.jpg"], tmp_path, table)]


def test_landmarks_of_nothing(ddp_video_, tmp_path):
    end = ddp_video_("synth", "landmarks", tmp_path, "-o", tmp_path / "poses.csv")
    assert end.code == 2
    assert "ends in .npz" in end.err
    end = ddp_video_("synth", "landmarks", tmp_path / "none", "-o", tmp_path / "poses.npz")
    assert end.code != 0
    assert "none" in end.err


def test_looks_are_gathered_from_datasets(ddp_video_, tmp_path, monkeypatch):
    pytest.importorskip("anny")
    pytest.importorskip("warp")
    given = []

    def gather(datasets, path, settings, progress, look_at):
        given.append((datasets, path, settings))
        return 7, Counter({"small": 2, "blurred": 1})

    monkeypatch.setattr("ddp_video.synthesis.looks.gather.gather", gather)
    path = tmp_path / "looks.npz"
    end = ddp_video_("synth", "looks", "a", "b", "-o", path, "--height", 99, "--seen", 0.4)
    assert end.code == 0
    assert "7 looks; left out: 2 small, 1 blurred" in end.out
    assert given == [([Path("a"), Path("b")], path, LookSettings(height=99, seen=0.4))]


@pytest.mark.parametrize(
    ("output", "code", "words"),
    [("looks.txt", 2, "ends in .npz"), ("nowhere/looks.npz", 4, "there is no folder")],
)
def test_a_table_of_looks_has_a_place(ddp_video_, tmp_path, output, code, words):
    end = ddp_video_("synth", "looks", tmp_path, "-o", tmp_path / output)
    assert end.code == code
    assert words in end.err
    assert end.err.count("\n") == 1
