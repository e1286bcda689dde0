"""The outside formats by name: what writes each, how its output is named, what it is for."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from ..encode import check_output
from ..errors import OutputError
from ..settings import Preset
from ..types import VideoInfo
from .coco_json import coco_json
from .controlnet import controlnet_parula, controlnet_seg
from .detectron2 import detectron2
from .dreampose import dreampose
from .iuv import iuv_png, iuv_video
from .magicanimate import magicanimate
from .npz import npz
from .part_png import part_png
from .target import Export, Target
from .texture import read_atlas, retexture, texture
from .viton_hd import viton_hd


class Format(NamedTuple):
    """An outside format.

    Attributes:
        open: starts an export of it.
        film: how the name of the output ends for a video or a series of pictures.
        picture: likewise for a single picture.
    """

    open: Callable[[Target], AbstractContextManager[Export]]
    film: str
    picture: str


FORMATS: dict[Preset, Format] = {
    "magicanimate": Format(magicanimate, "magicanimate.mp4", "magicanimate.png"),
    "controlnet-seg": Format(controlnet_seg, "controlnet-seg", "controlnet-seg.png"),
    "controlnet-parula": Format(controlnet_parula, "controlnet-parula", "controlnet-parula.png"),
    "viton-hd": Format(viton_hd, "viton-hd", "viton-hd.jpg"),
    "idm-vton": Format(viton_hd, "idm-vton", "idm-vton.jpg"),
    "catvton": Format(part_png, "catvton", "catvton.png"),
    "dreampose": Format(dreampose, "dreampose", "dreampose.npy"),
    "iuv-png": Format(iuv_png, "iuv-png", "iuv-png.png"),
    "iuv-video": Format(iuv_video, "iuv-video.mkv", "iuv-video.png"),
    "part-png": Format(part_png, "part-png", "part-png.png"),
    "coco-json": Format(coco_json, "coco-json", "coco-json"),
    "detectron2": Format(detectron2, "detectron2", "detectron2.safetensors"),
    "npz": Format(npz, "npz-frames", "npz"),
    "texture": Format(texture, "texture", "texture"),
    "retexture": Format(retexture, "retexture.mp4", "retexture.png"),
}
FOLDERS = {end for kind in FORMATS.values() for end in kind[1:] if "." not in end} - {"npz"}


def output_path(preset: Preset, info: VideoInfo, out_dir: Path, stem: str) -> Path:
    """Where an export goes: a file or a folder named after the source and the format."""
    return out_dir / f"{stem}.{_ending(preset, info)}"


def _ending(preset: Preset, info: VideoInfo) -> str:
    kind = FORMATS[preset]
    return kind.picture if info.is_picture else kind.film


def check_target(preset: Preset, target: Target) -> None:
    """Refuse a target before any work is done for it.

    Raises:
        InputError: an atlas is wanted and not given, or is none.
        OutputError: it exists, is the source, or is a file where a folder is meant.
    """
    if preset == "retexture":
        read_atlas(target.texture)
    folder = _ending(preset, target.info) in FOLDERS
    if folder and target.overwrite and target.path.is_dir():
        return
    if folder and target.path.exists():
        advice = "a file, not a folder:" if target.path.is_file() else "exists: add --overwrite, or"
        raise OutputError(f"{target.path}: {advice} choose another folder with -o")
    check_output(target.path, [target.info.path], target.overwrite)


def open_export(preset: Preset, target: Target) -> AbstractContextManager[Export]:
    """Start an export; as a context it gives what takes the frames.

    Args:
        preset: which format.
        target: where it goes, from `output_path`.

    Raises:
        InputError: an atlas is wanted and not given, or is none.
        OutputError: the target exists, or (on entering, or at the end) cannot be written.
    """
    check_target(preset, target)
    return FORMATS[preset].open(target)
