"""Skin: tones over the whole human range, and a face to be read; painted in linear light."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from ...errors import DataError
from ..body.base_mesh import groups, places, reference
from ..body.body import Body, Surface
from .skin_map import SkinMap, skin_map

# Reflectance (linear R, G, B) of the inner arm from the palest to the darkest skin: about what
# spectrometers find between L* 72 and L* 20.
TONES = np.array(
    [
        [0.62, 0.42, 0.33],
        [0.53, 0.33, 0.23],
        [0.41, 0.235, 0.145],
        [0.26, 0.132, 0.072],
        [0.13, 0.062, 0.034],
        [0.055, 0.029, 0.018],
    ]
)
IRISES = ((58, 34, 20), (74, 46, 26), (40, 26, 18), (96, 72, 40), (86, 98, 72), (88, 112, 138))
EYEBALL = 0.015  # metres that half an eye's texture covers
BEARDS = ("stubble", "full", "moustache", "goatee")
EYE_TO_MOUTH = 0.068  # metres, of the reference adult


@dataclass(frozen=True)
class Look:
    """Somebody's colours.

    Attributes:
        tone: (3,) linear reflectance of the skin.
        hair: (3,) the same of the hair.
        beard: one of `BEARDS`, or None.
        depth: 0 the palest .. 5 the darkest skin.
    """

    tone: np.ndarray
    hair: np.ndarray
    beard: str | None
    depth: float


def skin_tone(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """(3,) linear reflectance of somebody's skin and its depth (0..5), evenly over the range."""
    depth = float(rng.uniform(0, len(TONES) - 1))
    logs = [np.interp(depth, range(len(TONES)), np.log(channel)) for channel in TONES.T]
    return np.exp(logs + rng.normal(0, [0.03, 0.05, 0.07])), depth


def blend(out: np.ndarray, share: np.ndarray, colour: np.ndarray) -> None:
    """Paint a colour over a picture in place, where the share is above 0.01."""
    there = share > 0.01
    rows, columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    if len(rows):
        window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        part = share[window][..., None]
        out[window] += part * (colour.astype(np.float32) - out[window])


@cache
def gamma_table() -> np.ndarray:
    """(4096,) uint8: linear light in 4095ths with the gamma of 2.2 that the renderer takes off."""
    return (255 * (np.arange(4096) / 4095) ** (1 / 2.2)).round().astype(np.uint8)


def encoded(linear: np.ndarray) -> np.ndarray:
    """(h, w, 3) linear light → (h, w, 4) uint8, opaque."""
    out = np.full((*linear.shape[:2], 4), 255, np.uint8)
    out[..., :3] = gamma_table()[(linear * 4095).clip(0, 4095).astype(np.int16)]
    return out


@cache
def mottle(head: bool) -> np.ndarray:
    """(h, w) smooth noise of about ±1 over the skin, without seams."""
    rng = np.random.default_rng(3)
    waves = rng.normal(size=(12, 3))
    waves *= (2 * np.pi / np.geomspace(0.25, 0.012, 12) / np.linalg.norm(waves, axis=1))[:, None]
    phase = skin_map(head).points @ waves.T.astype(np.float32) + rng.uniform(0, 6, 12)
    return (np.sin(phase).sum(2) / 2.8).astype(np.float32)


@cache
def trunk_masks() -> dict[str, np.ndarray]:
    """Masks (h, w) of the trunk's and limbs' skin: palms with soles, nails, mouth."""
    where = skin_map(head=False)
    hand = np.clip((where.arm - 0.56) / 0.03, 0, 1)
    inwards = np.clip(-2 * where.normals[..., 0] * np.sign(where.points[..., 0]), 0, 1)
    soles = np.clip(-2 * where.normals[..., 2] - 0.5, 0, 1) * (where.points[..., 2] < -0.79)
    palms = cv2.GaussianBlur(np.maximum(hand * inwards, soles).astype(np.float32), (0, 0), 1.5)
    nails = np.maximum(where.mask("fingernails"), where.mask("toenails"))
    return {"palms": palms, "nails": nails, "mouth": where.mask("inside-mouth")}


def hill(x: np.ndarray, middle: float, width: float) -> np.ndarray:
    """A Gaussian of height 1."""
    return np.exp(-(((x - middle) / width) ** 2))


@cache
def head_masks() -> dict[str, np.ndarray]:
    """Masks (h, w) of the head's skin: lips, ears, blush, sockets, lashes, and the beards."""
    where = skin_map(head=True)
    x, y, z = np.moveaxis(where.points, 2, 0)
    eye = float(reference().head("eye.L")[2])
    front = np.clip((-0.08 - y) / 0.02, 0, 1)
    cheeks = hill(np.abs(x), 0.042, 0.02) * hill(z, eye - 0.038, 0.018)
    nose = hill(x, 0, 0.014) * hill(z, eye - 0.042, 0.012)
    lips = where.mask("lips")
    mouth = eye - EYE_TO_MOUTH
    top = mouth + 0.008 + 0.55 * (np.abs(x) - 0.03).clip(0, 0.2)
    jaw = np.clip((top - z) / 0.016, 0, 1) * np.clip((z - mouth + 0.075) / 0.03, 0, 1)
    jaw *= np.clip((-0.03 - y) / 0.03, 0, 1)
    moustache = hill(x, 0, 0.026) * hill(z, mouth + 0.014, 0.007) * front
    full = np.maximum(jaw, 0.9 * moustache)
    bare = 1 - cv2.GaussianBlur(lips, (0, 0), 1.0)
    beards = {
        "stubble": 0.4 * full,
        "full": full,
        "moustache": moustache,
        "goatee": np.maximum(hill(x, 0, 0.022) * jaw, moustache),
    }
    return {
        "lips": lips,
        "ears": where.mask("ears"),
        "blush": np.maximum(cheeks, nose) * front,
        "sockets": hill(np.abs(x), 0.031, 0.016) * hill(z, eye, 0.009) * front,
        "lashes": hill(where.lash, 0, 0.0017) * (z > eye - 0.002) * front,
        **{name: (share * bare).astype(np.float32) for name, share in beards.items()},
    }


@cache
def brows(number: int) -> np.ndarray:
    """(h, w) 0..1 on the head's skin: one of 6 shapes of eyebrows."""
    rng = np.random.default_rng(number)
    x, y, z = np.moveaxis(skin_map(head=True).points, 2, 0)
    along = ((np.abs(x) - 0.011) / 0.042).clip(0, 1)
    arch = reference().head("eye.L")[2] + rng.uniform(0.016, 0.02)
    arch = arch + rng.uniform(0.002, 0.006) * np.sin(2.2 * along)
    thick = rng.uniform(0.003, 0.005) * (1 - 0.5 * along)
    ends = np.clip((np.abs(x) - 0.009) / 0.005, 0, 1) * np.clip((0.056 - np.abs(x)) / 0.01, 0, 1)
    return (hill(z - arch, 0.0, thick) * ends * (y < -0.08)).astype(np.float32)


def trunk_skin(look: Look, base: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """RGBA of trunk and limbs; `base` (h, w, 3) is a painted skin over its own mean, or None."""
    masks, tone = trunk_masks(), look.tone
    gain = (1 + rng.uniform(0.03, 0.08) * mottle(head=False))[..., None] if base is None else base
    out = gain * tone.astype(np.float32)
    pale = np.maximum(1.05, 0.25 * TONES[1] / tone + 0.75) - 1  # palms are paler than dark skin
    out *= 1 + (0.7 * masks["palms"][..., None] * pale.astype(np.float32))
    if base is None:
        blend(out, 0.5 * masks["nails"], tone * [1.1, 1.0, 1.05] + 0.04)
    blend(out, 0.8 * masks["mouth"], np.array([0.25, 0.06, 0.05]))
    return encoded(out)


def head_skin(look: Look, base: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """RGBA of the head: brows, lashes, beard, and on a plain skin also lips and blush."""
    masks, tone = head_masks(), look.tone
    gain = (1 + rng.uniform(0.03, 0.08) * mottle(head=True))[..., None] if base is None else base
    out = gain * tone.astype(np.float32)
    if base is None:
        ruddy = tone * [1.05, 0.75, 0.75]
        blend(out, rng.uniform(0.2, 0.7) * masks["blush"], ruddy)
        blend(out, 0.4 * masks["sockets"], tone * 0.5)
        blend(out, rng.uniform(0.5, 0.9) * masks["lips"], tone * [0.82, 0.48, 0.5])
        blend(out, 0.4 * masks["ears"], ruddy)
    if look.beard is not None:
        grain = (0.85 + 0.2 * mottle(head=True)).clip(0, 1)
        blend(out, 0.85 * masks[look.beard] * grain, look.hair)
    blend(out, 0.8 * brows(int(rng.integers(6))), 0.7 * look.hair)
    blend(out, 0.8 * masks["lashes"], np.full(3, 0.012))
    return encoded(out)


@cache
def painted_skin(path: Path, head: bool) -> np.ndarray:
    """A skin of the MakeHuman library over its own mean tone: (h, w, 3) float32, about 1.

    Raises:
        DataError: it cannot be read.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise DataError(f"{path} cannot be read as a picture; pass the folder of MakeHuman assets")
    where: SkinMap = skin_map(head)
    part = (where.crop(picture)[..., ::-1].astype(np.float32) / 255) ** 2.2
    cheek = (picture[300:700, 100:500, ::-1].astype(np.float32) / 255) ** 2.2
    return part / cheek.mean((0, 1))


def eyes(body: Body, look: Look, rng: np.random.Generator) -> Surface:
    """Both eyeballs, looking ahead."""
    faces = np.concatenate([groups()[f"helper-{side}-eye"][0] for side in "lr"])
    used, faces = np.unique(faces, return_inverse=True)
    faces, points = faces.reshape(-1, 3), places().points[used]
    left = points[:, :1] > 0
    centre = np.where(left, points[left[:, 0]].mean(0), points[~left[:, 0]].mean(0))
    uv = (0.5 + 0.5 * (points - centre)[:, [0, 2]] / EYEBALL).clip(0, 0.999).astype(np.float32)
    texture = eye_texture(IRISES[rng.integers(len(IRISES) if look.depth < 2.5 else 3)])
    return Surface(body.vertices[used], faces, uv[faces], body.weights[used], texture, 0.5)


@cache
def eye_texture(iris: tuple[int, int, int]) -> np.ndarray:
    """(64, 64, 4) uint8: white, iris with a dark rim, pupil."""
    y, x = np.indices((64, 64)) - 31.5
    radius = np.hypot(x, y) * EYEBALL / 32
    out = np.full((64, 64, 4), 255, np.uint8)
    out[..., :3] = (186, 176, 172)
    out[radius < 0.0066] = (*(int(0.4 * c) for c in iris), 255)
    out[radius < 0.0056] = (*iris, 255)
    out[radius < 0.0026] = (6, 6, 6, 255)
    return out


def skins(
    body: Body,
    look: Look,
    painted: Path | None,
    hidden: np.ndarray,
    rng: np.random.Generator,
) -> tuple[Surface, Surface]:
    """Trunk with limbs, and head.

    Args:
        body: whose skin.
        look: its colours.
        hidden: (N,) bool over the base mesh: what clothes cover.
        painted: a skin of the MakeHuman library, or None for one made of code.
        rng: of the details.
    """
    out = []
    for head, paint in ((False, trunk_skin), (True, head_skin)):
        where = skin_map(head)
        base = None if painted is None else painted_skin(painted, head)
        texture = paint(look, base, rng)
        vertices, weights = body.vertices[where.used], body.weights[where.used]
        out.append(Surface(vertices, where.faces, where.uv, weights, texture, 0.1))
    return out[0].without(hidden[skin_map(head=False).used]), out[1]
