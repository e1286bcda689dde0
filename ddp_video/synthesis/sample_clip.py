"""Make the clip of `samples/`: a man walks past a dancing woman and waves; with its exact truth.

`python -m ddp_video.synthesis.sample_clip --humans DIR --motion DIR --charts FILE -o samples`
"""

import argparse
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from .body.body import Body, Surface
from .body.rotations import turn
from .charts.lookup import Charts
from .clip_files import packed, write_truth, write_video
from .motion.capture import grounded, read_take, retarget
from .motion.motion import moved, walk
from .raster.rasterise import Camera, Light
from .raster.stage import Actor, Stage
from .scene.camera import look
from .scene.room import room
from .wardrobe.makehuman import covered, dye, fit, knit, read_mhclo, read_texture

LOG = logging.getLogger(__name__)

NAME = "walk_and_dance"
SIZE = (360, 640)
FOCAL = 735.0
RATE = 24
FRAMES = 72
SHUTTER = 0.5  # share of a frame's time that the shutter is open
DANCE_TEMPO = 0.5  # this take has 60 moments a second, most of the library 120
DANCE_START = 2.3  # seconds into the take
EXPOSURE = 1.2
LIGHT = Light(
    centre=(-2.1, -2.6, 2.7),
    radius=0.45,
    key=(12.5, 11.7, 10.6),
    sky=(0.42, 0.44, 0.48),
    ground=(0.3, 0.28, 0.25),
)

CORAL = ((186, 96, 80), (186, 96, 80), (186, 96, 80), (214, 190, 170))  # and a pale stripe

Cloth = tuple[str, Callable[[np.ndarray], np.ndarray], float]


def plain(texture: np.ndarray) -> np.ndarray:
    """The texture as it is."""
    return texture


def dressed(body: Body, humans: Path, skin: str, clothes: list[Cloth]) -> list[Surface]:
    """Skin and clothes of one person; `Cloth` is (folder, how to change the texture, gloss)."""
    garments = [read_mhclo(humans / name / f"{Path(name).name}.mhclo") for name, _, _ in clothes]
    surfaces = [
        body.skin(read_texture(humans / "skins/textures" / skin)).without(covered(body, garments))
    ]
    for garment, (_, change, gloss) in zip(garments, clothes, strict=True):
        surfaces.append(fit(garment, body, change(read_texture(garment.texture)), gloss))
    return surfaces


def walker(humans: Path, seconds: np.ndarray) -> Actor:
    """A man in a striped shirt and jeans who walks through the room from the left and waves."""
    body = Body({"gender": 0.0, "age": 0.62, "muscle": 0.6, "weight": 0.48, "height": 0.42})
    clothes: list[Cloth] = [
        ("clothes/male_casualsuit03", plain, 0.0),
        ("clothes/shoes02", plain, 0.03),
        ("hair/short01", plain, 0.05),
    ]
    turns, root = walk(body, seconds, heading=52.0, waving="R", phase=0.1)
    turns["neck02"] = turn("z", -14.0) @ turns["spine01"]
    turns["head"] = turn("z", -30.0) @ turns["head"]
    return Actor(
        body,
        dressed(body, humans, "middleage_darkskinned_male_diffuse.png", clothes),
        (turns, root + np.array([-1.62, 1.9, 0.0])),
    )


def dancer(humans: Path, motion: Path, seconds: np.ndarray) -> Actor:
    """A woman in a coral T-shirt and dark trousers who dances the Charleston on the spot."""
    body = Body({"gender": 1.0, "age": 0.6, "muscle": 0.5, "weight": 0.45, "height": 0.5})
    clothes: list[Cloth] = [
        (
            "clothes/male_casualsuit04",
            lambda t: knit(dye(t, (62, 62, 70), (0.42, 1)), CORAL, (0, 0.42)),
            0.0,
        ),
        ("clothes/shoes06", plain, 0.03),
        ("hair/bob02", lambda t: dye(t, (84, 58, 44)), 0.08),
    ]
    when = (seconds + DANCE_START) * DANCE_TEMPO
    turns, path = retarget(body, read_take(motion / "cmu/charleston1.amc.gz"), when)
    turns, root = moved((turns, grounded(body, turns, path)), heading=58.0, place=(0.3, 0.0))
    turns["neck02"] = turn("x", -6.0) @ turns["neck02"]  # the take looks down
    turns["head"] = turn("x", -14.0) @ turns["head"]
    return Actor(
        body,
        dressed(body, humans, "young_lightskinned_female_diffuse2.png", clothes),
        (turns, root),
    )


def camera(second: float) -> Camera:
    """Held by hand at chest height, moving slowly to the right."""
    sway = [
        0.012 * np.sin(2.1 * second),
        0.01 * np.sin(1.7 * second + 1),
        0.01 * np.sin(2.9 * second + 2),
    ]
    eye = np.array([-0.3 + 0.16 * second, -4.75 + 0.04 * second, 1.33]) + sway
    at = np.array(
        [
            -0.06 + 0.05 * second + 0.012 * np.sin(2.5 * second),
            0.3,
            0.93 + 0.008 * np.sin(3.1 * second),
        ]
    )
    return look(eye, at, 0.35 * np.sin(1.3 * second), FOCAL, SIZE)


def developed(light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Linear light → 8-bit picture: vignette, film-like curve, sensor noise."""
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    out = np.hypot(x / light.shape[1] - 0.5, y / light.shape[0] - 0.5)
    x = (EXPOSURE * light * (1 - 0.35 * out**2)[..., None]).clip(0)
    curve = (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)
    noise = rng.normal(0, 0.0045, light.shape)
    return ((curve.clip(0, 1) ** (1 / 2.2) + noise).clip(0, 1) * 255).round().astype(np.uint8)


def stage(
    humans: Path, motion: Path, charts: Path, seed: int, samples: int
) -> tuple[Stage, np.ndarray]:
    """The whole scene, and the (FRAMES · samples²,) moments it is made for, in seconds."""
    per = samples**2
    moments = (np.arange(FRAMES)[:, None] + SHUTTER * (np.arange(per) + 0.5) / per).ravel() / RATE
    actors = [walker(humans, moments), dancer(humans, motion, moments)]
    posed = [(actor, actor.transforms(feet=2)) for actor in actors]
    return Stage(room(np.random.default_rng(seed)), posed, LIGHT, Charts(charts)), moments


def frames(
    scene: Stage, moments: np.ndarray, samples: int, rays: int, seed: int, chosen: range
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Picture, (H, W, 3) uint8 RGB, and its truth, (4H, W) uint8, of the chosen frames.

    The truth is that of the middle of the exposure.
    """
    per = samples**2
    for k in chosen:
        within = range(k * per, (k + 1) * per)
        light = scene.exposure(
            within, [camera(float(moments[m])) for m in within], seed, rays=rays
        ).light
        yield (
            developed(light, np.random.default_rng((seed, k))),
            truth(scene, moments, within[per // 2]),
        )
        LOG.info("frame %d of %d", k + 1, FRAMES)


def truth(scene: Stage, moments: np.ndarray, moment: int) -> np.ndarray:
    """(4H, W) uint8: the packed labels of one moment."""
    labels = scene.labels(moment, camera(float(moments[moment])))
    return packed(labels.iuv, labels.owner)


def main(arguments: list[str] | None = None) -> None:
    """Render the clip and write its two files."""
    parser = argparse.ArgumentParser(
        prog="python -m ddp_video.synthesis.sample_clip", description=__doc__
    )
    add = parser.add_argument
    add("--humans", type=Path, required=True, help="MakeHuman assets: clothes/, hair/, skins/")
    add(
        "--motion",
        type=Path,
        required=True,
        help="folder with cmu/charleston.asf and cmu/charleston1.amc.gz",
    )
    add("--charts", type=Path, required=True, help="anny_charts_fine.npz")
    add(
        "-o",
        "--output",
        type=Path,
        default=Path("samples"),
        help="folder to write to (default: samples)",
    )
    add("--seed", type=int, default=0, help="of the room, the sampling and the noise")
    add(
        "--samples",
        type=int,
        default=3,
        help="points per pixel and moments per frame: this number squared",
    )
    add("--rays", type=int, default=2, help="towards the light and around, per point")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    scene, moments = stage(given.humans, given.motion, given.charts, given.seed, given.samples)
    made = list(frames(scene, moments, given.samples, given.rays, given.seed, range(FRAMES)))
    pictures, truths = (np.stack(one) for one in zip(*made, strict=True))
    given.output.mkdir(parents=True, exist_ok=True)
    write_video(given.output / f"{NAME}.mp4", pictures, RATE)
    write_truth(given.output / f"{NAME}.truth.mkv", truths, RATE)


if __name__ == "__main__":
    main()
