"""What a photo's own labels of clothes, skin and hair say of the body: which limbs can be there.

Street photos (clothing-co-parsing) have `NAME_labels.png`, a class for every pixel, and
`labels.txt`, the classes' names. Shoes are on feet, trousers on legs and hips; skin is rarely a
torso's. A bag is in front of the body.
"""

from pathlib import Path

import cv2
import numpy as np

from ..errors import DataError

SUFFIX = "_labels.png"
NAMES = "labels.txt"
# Limbs, as in `sides.GROUP`.
TORSO, HAND, FOOT, THIGH, SHIN, UPPER_ARM, LOWER_ARM, HEAD = range(8)
LEGS, ARMS = (THIGH, SHIN), (UPPER_ARM, LOWER_ARM)
# Kinds of classes with the limbs that can be seen there.
KINDS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "skin": (("skin",), (HAND, FOOT, *LEGS, *ARMS, HEAD)),
    "head": (("hat", "glasses", "sunglasses", "earrings"), (HEAD,)),
    "hair": (("hair",), (HEAD, TORSO, UPPER_ARM)),
    "shoe": (
        ("clogs", "flats", "heels", "loafers", "pumps", "sandals", "shoes", "sneakers", "wedges"),
        (FOOT,),
    ),
    "boot": (("boots", "socks"), (FOOT, SHIN)),
    "trousers": (("jeans", "leggings", "pants", "tights", "stockings"), (TORSO, *LEGS, FOOT)),
    "shorts": (("shorts", "skirt", "panties"), (TORSO, *LEGS)),
    "top": (
        ("blouse", "bra", "cardigan", "hoodie", "jumper", "shirt", "sweater", "sweatshirt",
         "t-shirt", "top", "vest", "blazer", "jacket", "scarf", "tie"),
        (TORSO, *ARMS, THIGH),
    ),
    "long": (
        ("cape", "coat", "dress", "romper", "suit", "intimate", "swimwear", "bodysuit"),
        (TORSO, *ARMS, *LEGS),
    ),
    "hand": (("bracelet", "gloves", "ring", "watch"), (HAND, LOWER_ARM)),
    "thing": (("accessories", "bag", "purse", "wallet"), ()),
}  # fmt: skip
UNKNOWN_KIND, SKIN, THING = 0, *(1 + list(KINDS).index(name) for name in ("skin", "thing"))


def unlikely() -> np.ndarray:
    """(kinds + 1, 8) bool: limbs that are not seen where a kind is; kind 0 is not known."""
    table = np.zeros((1 + len(KINDS), 8), bool)
    for kind, (_, limbs) in enumerate(KINDS.values(), 1):
        table[kind] = limbs != () and ~np.isin(np.arange(8), limbs)
    return table


def labels_beside(photo: Path) -> Path | None:
    """The picture of a photo's classes, where there is one with its list of names."""
    path = photo.with_name(photo.stem + SUFFIX)
    return path if path.is_file() and photo.with_name(NAMES).is_file() else None


def read_kinds(path: Path, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The kind of each pixel, 0 where it is not known, and where the person is.

    Args:
        path: a picture of classes; their names stand in `labels.txt` beside it.
        size: (H, W) of the photo.

    Returns:
        (H, W) uint8 number of the kind, (H, W) bool.

    Raises:
        DataError: it does not belong to the photo or to the names.
    """
    names = path.with_name(NAMES).read_text(encoding="utf-8").split("\n")
    classes = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if classes is None or classes.shape != size:
        raise DataError(f"{path} does not have the photo's size; remove it or mend it")
    if classes.max() >= len(names):
        raise DataError(f"{path} has classes that {NAMES} does not name; remove it or mend it")
    of = {name: kind for kind, (group, _) in enumerate(KINDS.values(), 1) for name in group}
    table = np.array([of.get(name.strip(), UNKNOWN_KIND) for name in names], np.uint8)
    return table[classes.astype(np.uint8)], classes > 0
