from pathlib import Path

import pytest

from ddp_video.atomic import beside, folder_beside, temporary


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("before")
    with beside(path) as part:
        assert (part.parent, part.suffix) == (tmp_path, ".png")
        part.write_text("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_failure_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a.png"
    path.write_text("before")
    with pytest.raises(error), beside(path) as part:
        part.write_text("half")
        raise error
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_was_never_written(tmp_path):
    with pytest.raises(FileNotFoundError), beside(tmp_path / "a.png"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_names_are_new_and_never_too_long(tmp_path):
    path = tmp_path / ("x" * 250 + ".mp4")
    assert temporary(path) != temporary(path)
    assert len(temporary(path).name) < 120


def test_a_folder_is_replaced_whole(tmp_path):
    path = tmp_path / "new" / "frames"
    for name in ("a", "b"):
        with folder_beside(path) as part:
            (part / name).write_text(name)
            assert path.exists() == (name == "b")
        assert [each.name for each in path.iterdir()] == [name]
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_folder_that_was_there(tmp_path):
    path = tmp_path / "frames"
    path.mkdir()
    (path / "before").touch()
    with pytest.raises(KeyboardInterrupt), folder_beside(path) as part:
        (part / "half").touch()
        raise KeyboardInterrupt
    assert [each.name for each in path.iterdir()] == ["before"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_get_its_name_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "frames"
    path.mkdir()
    (path / "before").touch()
    rename = Path.rename

    def refused(self: Path, target: Path) -> Path:
        if target == path and (self / "after").exists():
            raise PermissionError
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(PermissionError), folder_beside(path) as part:
        (part / "after").touch()
    assert [each.name for each in path.iterdir()] == ["before"]
    assert list(tmp_path.iterdir()) == [path]
