"""What the teachers see in a photo: boxes, one person's pose, everybody's outline, parts and U,V.

The only place that knows ONNX Runtime. Four networks, each a file in one folder:

- RTMDet nano (person boxes), open-mmlab/mmpose;
- BlazePose heavy (39 sided landmarks in 2-D and 3-D, and a mask, of one person), MediaPipe;
- Robust Video Matting (outline of all people), PeterL1n/RobustVideoMatting;
- BodyPix MobileNet 0.5 (24 parts and DensePose's U,V), keijiro/BodyPixSentis.

Pictures are RGB uint8 throughout; each network's own order and range is arranged here.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from ..errors import DataError

FILES = {
    "boxes": "rtmdet_nano_person.onnx",
    "pose": "blazepose_heavy.onnx",
    "matte": "rvm_mobilenetv3.onnx",
    "surface": "bodypix_mobilenetv1_050_stride16.onnx",
}
ENVIRONMENT = "DDP_VIDEO_TEACHERS"
CROP = 256  # side of BlazePose's picture
CROP_MARGIN = 1.25  # crop side / longer side of the box
STRIDE = 16  # of the BodyPix file
BOX_SIDE = 416
BOX_MEAN = np.array([103.53, 116.28, 123.675])  # BGR: RGB costs a quarter of the recall
BOX_DEVIATION = np.array([57.375, 57.12, 58.395])
MATTE_SIDE = 640  # larger pictures are brought to this long side for the matte
LANDMARKS = 39

# BodyPix's part 0..23 → DensePose's part 1..24.
BODYPIX_TO_DENSEPOSE = np.array(
    [24, 23, 17, 15, 18, 16, 21, 19, 22, 20, 4, 3, 2, 1, 10, 8, 9, 7, 14, 12, 13, 11, 5, 6]
)


@dataclass(frozen=True)
class Pose:
    """One person as BlazePose sees it. Odd landmarks from 7 on are the person's left side.

    0 nose, 2/5 eyes, 7/8 ears, 11/12 shoulders, 13/14 elbows, 15/16 wrists, 17..22 fingers, 23/24
    hips, 25/26 knees, 27/28 ankles, 29/30 heels, 31/32 toes.

    Attributes:
        xy: (39, 2) pixels of the picture.
        world: (39, 3) metres in the turned crop's frame: x right, y down, z away from the camera,
            origin between the hips.
        visibility: (39,) 0..1.
        mask: (H, W) float32 0..1, its largest component only.
        score: 0..1, that there is a person.
        angle: radians the crop was turned by.
        crop: (2, 3) affine map from the picture to the 256×256 crop.
        deep: (39,) 0..1, how far `world` may be believed; as far as seen if None.
    """

    xy: np.ndarray
    world: np.ndarray
    visibility: np.ndarray
    mask: np.ndarray
    score: float
    angle: float
    crop: np.ndarray
    deep: np.ndarray | None = None

    @property
    def sureness(self) -> float:
        """Score times the mean visibility of those joints that lie in the picture, 0..1.

        BlazePose is sure of knees that the picture's edge cuts off. With fewer than four joints in
        the picture (of 22) there is nothing to be sure of.
        """
        xy = self.xy[11:33]
        inside = ((xy >= 0) & (xy < self.mask.shape[::-1])).all(1)
        if inside.sum() < 4:
            return 0.0
        return self.score * float(self.visibility[11:33][inside].mean())


@dataclass(frozen=True)
class Surface:
    """BodyPix's answer on a grid over a square crop; channel p - 1 is DensePose's part p.

    Attributes:
        person: (h, w) float32 logit of being a person.
        parts: (24, h, w) float32 part logits.
        u: (24, h, w) float32 U of each part, 0..1.
        v: (24, h, w) float32 V of each part, 0..1.
    """

    person: np.ndarray
    parts: np.ndarray
    u: np.ndarray
    v: np.ndarray


class Teachers:
    """The four networks, loaded when first asked.

    Args:
        folder: holds the files named in `FILES`; the environment variable DDP_VIDEO_TEACHERS if
            None.
        threads: CPU threads of each network.

    Raises:
        DataError: no folder given, or a file is missing from it.
    """

    def __init__(self, folder: str | Path | None = None, threads: int = 1) -> None:
        folder = folder if folder is not None else os.environ.get(ENVIRONMENT)
        if not folder:
            raise DataError(
                f"no teachers: give --teachers DIR or set {ENVIRONMENT} to their folder"
            )
        self.folder = Path(folder)
        self.threads = threads
        missing = [name for name in FILES.values() if not (self.folder / name).is_file()]
        if missing:
            raise DataError(
                f"{self.folder} lacks {', '.join(missing)}; give the folder that has them"
            )
        self._sessions: dict[str, Any] = {}

    def boxes(self, image: np.ndarray, threshold: float = 0.35) -> np.ndarray:
        """Person boxes by falling score.

        People who are upside down are missed: turn the picture.

        Returns:
            (N, 5) float32: x0, y0, x1, y1 in pixels, score.
        """
        height, width = image.shape[:2]
        ratio = BOX_SIDE / max(height, width)
        size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        method = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
        canvas = np.full((BOX_SIDE, BOX_SIDE, 3), 114, np.uint8)
        canvas[: size[1], : size[0]] = cv2.resize(image[:, :, ::-1], size, interpolation=method)
        feed = ((canvas - BOX_MEAN) / BOX_DEVIATION).transpose(2, 0, 1)[None]
        out = self._run("boxes", {"input": np.ascontiguousarray(feed, dtype=np.float32)})
        found = out["dets"][0][(out["labels"][0] == 0) & (out["dets"][0][:, 4] >= threshold)]
        found[:, :4] = (found[:, :4] / ratio).clip(0, [width, height, width, height])
        return found[np.argsort(-found[:, 4])]

    def pose(self, image: np.ndarray, box: np.ndarray, angle: float = 0.0) -> Pose:
        """Landmarks and mask of the person in a box.

        Args:
            image: (H, W, 3) uint8 RGB.
            box: x0, y0, x1, y1 in pixels.
            angle: radians by which the crop is turned, for people who do not stand upright.
        """
        crop = crop_matrix(box, angle)
        picture = cv2.warpAffine(image, crop, (CROP, CROP), borderMode=cv2.BORDER_REPLICATE)
        out = self._run("pose", {"image": picture[None].astype(np.float32) / 255})
        points = out["landmarks"].reshape(LANDMARKS, 5)  # x, y, z in crop pixels; visibility, …
        back = cv2.invertAffineTransform(crop)
        mask = largest_component(_sigmoid(out["segmentation"][0, :, :, 0]))
        return Pose(
            xy=np.c_[points[:, :2], np.ones(LANDMARKS)] @ back.T,
            world=out["world_landmarks"].reshape(LANDMARKS, 3),
            visibility=_sigmoid(points[:, 3]),
            mask=cv2.warpAffine(
                mask, crop, image.shape[1::-1], flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
            ),
            score=float(out["score"].ravel()[0]),
            angle=angle,
            crop=crop,
        )

    def matte(self, image: np.ndarray, passes: int = 2, least: int = 1) -> np.ndarray:
        """Alpha of all people together.

        Args:
            image: (H, W, 3) uint8 RGB.
            passes: how often the network, which is made for video, is shown the photo.
            least: pixels of the long side to which smaller pictures are enlarged.

        Returns:
            (H, W) float32, 0..1.
        """
        height, width = image.shape[:2]
        ratio = np.clip(max(height, width), least, MATTE_SIDE) / max(height, width)
        size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        method = cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
        small = cv2.resize(image, size, interpolation=method)
        state = {f"r{i}i:0": np.array(0, np.float32) for i in (1, 2, 3, 4)}
        feed = {
            "src:0": small[None].astype(np.float32) / 255,
            "downsample_ratio:0": np.array(min(1.0, 512 / max(size)), np.float32),
        }
        out: dict[str, np.ndarray] = {}
        for _ in range(passes):
            out = self._run("matte", {**feed, **state})
            state = {f"r{i}i:0": out[f"Identity_{i + 1}:0"] for i in (1, 2, 3, 4)}
        alpha = out["Identity_1:0"][0, :, :, 0]
        return cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR)

    def surface(self, image: np.ndarray) -> Surface:
        """Parts and U,V on BodyPix's grid.

        Args:
            image: (H, W, 3) uint8 RGB; both sides 16k + 1, cell (i, j) is centred on pixel (16i,
                16j).
        """
        feed = image[None].astype(np.float32) / 127.5 - 1
        out = self._run("surface", {"input": feed})
        order = np.argsort(BODYPIX_TO_DENSEPOSE)
        parts, offsets = out["part_heatmaps"][0], out["part_offsets"][0]
        return Surface(
            person=out["segments"][0, :, :, 0],
            parts=np.ascontiguousarray(parts.transpose(2, 0, 1)[order]),
            u=np.ascontiguousarray(offsets[:, :, 0::2].transpose(2, 0, 1)[order]).clip(0, 1),
            v=np.ascontiguousarray(offsets[:, :, 1::2].transpose(2, 0, 1)[order]).clip(0, 1),
        )

    def _run(self, which: str, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if which not in self._sessions:
            self._sessions[which] = _load(self.folder / FILES[which], self.threads)
        session = self._sessions[which]
        names = [o.name for o in session.get_outputs()]
        return dict(zip(names, session.run(None, feed), strict=True))


def crop_matrix(box: np.ndarray, angle: float = 0.0) -> np.ndarray:
    """Affine map (2, 3), picture → 256×256 crop 1.25 × the box, turned by `angle` radians."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    scale = CROP / (CROP_MARGIN * max(box[2] - box[0], box[3] - box[1]))
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    half = CROP / 2
    return np.array([[c, s, half - c * x - s * y], [-s, c, half + s * x - c * y]], np.float32)


def largest_component(mask: np.ndarray) -> np.ndarray:
    """A soft mask without all but the largest component of its part above one half."""
    count, label, stats, _ = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8))
    if count < 2:
        return mask
    return mask * (label == 1 + stats[1:, cv2.CC_STAT_AREA].argmax())


def _onnxruntime() -> ModuleType:
    try:
        import onnxruntime
    except ImportError as error:
        raise DataError(
            "the teachers need onnxruntime: install it with pip install 'ddp-video[train]'"
        ) from error
    return onnxruntime


def _load(path: Path, threads: int) -> Any:  # noqa: ANN401 - onnxruntime has no types
    ort = _onnxruntime()
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    state = ort.capi.onnxruntime_pybind11_state
    refused = (state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf)
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except refused as error:
        raise DataError(f"{path} is not an ONNX network; copy the file again") from error


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x.clip(-30, 30)))
