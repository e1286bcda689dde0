"""Tables of postures: how trunk, legs and arms are held, common ways, rare ones and gestures.

Angles are in degrees about the person's own axes: x left, y backwards, z up.
"""

from dataclasses import dataclass

Range = tuple[float, float]

# Directions of the upper and the lower arm in the chest's frame: x away from the body.
ARMS = {
    "hanging": ((0.16, 0.03, -1.0), (0.06, -0.2, -1.0)),
    "behind the back": ((0.3, 0.42, -0.85), (-0.6, 0.45, -0.6)),
    "folded": ((0.25, -0.35, -0.9), (-0.85, -0.62, 0.12)),
    "holding": ((0.14, 0.0, -1.0), (-0.1, -0.9, 0.35)),
    "out": ((0.9, -0.05, -0.2), (0.95, -0.15, 0.05)),
    "up": ((0.4, -0.1, 0.9), (0.1, -0.15, 1.0)),
    "wide up": ((0.75, -0.05, 0.65), (0.7, -0.1, 0.75)),
    "before": ((0.1, -1.0, -0.1), (0.0, -1.0, 0.0)),
    "pointing": ((0.45, -0.85, 0.05), (0.4, -0.9, 0.1)),
    "flexed": ((0.9, -0.1, 0.0), (-0.1, -0.3, 1.0)),
    "cactus": ((0.9, 0.0, 0.0), (0.25, -0.1, 1.0)),
    "beside": ((0.3, 0.0, -1.0), (0.2, 0.0, -1.0)),
    "under the head": ((0.6, 0.0, 0.8), (-0.75, 0.05, 0.55)),
}
# Where a hand may be put: bone, point of the rest pose as joint and offset, way the palm looks.
TOUCHES = {
    "on the hip": ("root", "hip", (0.075, 0.0, 0.1), (-1.0, 0.0, 0.0)),
    "on the knee": ("lowerleg01", "knee", (0.0, -0.08, 0.03), (0.0, 1.0, -0.3)),
    "on the foot": ("foot", "ankle", (0.0, -0.1, 0.0), (0.0, 0.5, -1.0)),
    "on the face": ("head", "nose", (0.035, -0.035, 0.0), (0.0, 1.0, 0.0)),
    "on the mouth": ("head", "nose", (0.0, -0.035, -0.05), (0.0, 1.0, 0.0)),
    "at the eyes": ("head", "eye", (0.0, -0.05, 0.02), (0.0, 1.0, 0.0)),
    "at the ear": ("head", "ear", (0.035, -0.02, 0.0), (-1.0, 0.0, 0.0)),
    "on the head": ("head", "eye", (0.0, 0.05, 0.13), (0.0, 0.0, -1.0)),
    "behind the head": ("head", "ear", (-0.02, 0.13, 0.02), (0.0, -1.0, 0.0)),
    "on the other shoulder": ("spine01", "other shoulder", (0.0, -0.08, 0.02), (0.0, 1.0, 0.0)),
    "on the belly": ("spine03", "hip", (-0.05, -0.14, 0.2), (0.0, 1.0, 0.0)),
    "before the chest": ("spine01", "shoulder", (-0.09, -0.22, -0.12), (-0.5, 0.6, 0.3)),
    "before the belly": ("spine03", "hip", (-0.05, -0.26, 0.24), (-0.6, 0.4, 0.5)),
    "beside the face": ("spine01", "shoulder", (0.02, -0.2, 0.12), (-0.3, -0.8, 0.0)),
}
# Those in the air: standard deviations of the place in metres, and of each part of the palm's way.
FREE = {
    "before the chest": ((0.1, 0.06, 0.12), 0.6),
    "before the belly": ((0.09, 0.06, 0.08), 0.6),
    "beside the face": ((0.08, 0.07, 0.1), 0.6),
}


@dataclass(frozen=True)
class Posture:
    """A way to hold the body; pairs are ranges in degrees.

    Attributes:
        lean: of the pelvis, forwards.
        bend: of the chest, forwards from the pelvis.
        hip: flexion of both thighs from upright, not from the pelvis.
        knee: flexion of both knees.
        hip2: of one leg (either side) instead; likewise knee2.
        spread: of each leg to its side.
        turned: each thigh about its own length, outwards.
        arms: names of `ARMS` and `TOUCHES` to draw from.
        whole: axis and range that the whole body is turned by, e.g. to lie.
        flat: soles are level, whatever the shins do.
        pointed: of the toes, where soles are not flat.
        propped: hands and legs are both on the ground.
        often: share within its table.
    """

    lean: Range = (-4, 6)
    bend: Range = (-3, 10)
    hip: Range = (-6, 12)
    knee: Range = (0, 12)
    hip2: Range | None = None
    knee2: Range | None = None
    spread: Range = (0, 9)
    turned: Range = (-5, 25)
    arms: tuple[str, ...] = ("hanging", "holding", "on the hip")
    whole: tuple[str, Range] = ("x", (0, 0))
    flat: bool = True
    pointed: Range = (-10, 30)
    propped: bool = False
    often: float = 1.0


REST = ("hanging", "beside", "on the belly", "under the head", "out", "cactus", "on the face")
COMMON = {
    "standing": Posture(
        arms=("hanging",) * 6
        + ("behind the back", "folded", "holding", "holding", "on the hip", "on the hip")
        + ("pointing", "at the ear", "on the other shoulder", "on the mouth"),
        often=3.0,
    ),
    "striding": Posture(
        hip=(8, 26), knee=(3, 18), hip2=(-22, -5), knee2=(3, 30), flat=False,
        arms=("hanging", "hanging", "holding"),
    ),
    "on one leg's weight": Posture(hip2=(5, 25), knee2=(10, 40), spread=(0, 14)),
    "sitting": Posture(
        lean=(-15, 10), bend=(-5, 25), hip=(78, 98), knee=(65, 105), spread=(2, 22),
        arms=("on the knee", "on the knee", "holding", "folded", "hanging", "at the ear",
              "on the belly", "on the mouth", "pointing"),
        often=1.6,
    ),
}  # fmt: skip
RARE = {
    "arms up": Posture(arms=("up", "wide up", "flexed", "cactus", "on the head")),
    "hands over the face": Posture(
        bend=(0, 25), arms=("on the face", "on the mouth", "at the eyes")
    ),
    "hands on the head": Posture(
        arms=("on the head", "behind the head", "at the ear", "at the eyes")
    ),
    "bending": Posture(
        lean=(35, 75), bend=(15, 50), hip=(-12, 15), knee=(0, 30),
        arms=("hanging", "before", "on the knee", "on the foot", "beside"),
    ),
    "half bent": Posture(lean=(15, 40), bend=(10, 30), hip=(5, 35), knee=(10, 50),
                         arms=("on the knee", "hanging", "holding", "before")),
    "crouching": Posture(
        lean=(15, 45), bend=(10, 35), hip=(75, 115), knee=(100, 140), spread=(5, 28),
        arms=("holding", "before", "on the knee", "hanging", "on the foot", "on the face"),
    ),
    "squatting": Posture(lean=(20, 50), bend=(0, 15), hip=(50, 85), knee=(70, 105), spread=(10, 30),
                         arms=("before", "holding", "on the hip", "folded")),
    "sitting on the floor": Posture(
        lean=(-25, 5), bend=(5, 35), hip=(80, 100), knee=(0, 35), hip2=(80, 130), knee2=(0, 120),
        spread=(2, 30), arms=("on the knee", "beside", "behind the back", "holding"), flat=False,
    ),
    "cross-legged": Posture(
        lean=(-12, 5), bend=(5, 25), hip=(78, 92), knee=(115, 135), spread=(28, 42),
        turned=(70, 86), arms=("on the knee", "holding", "hanging"), flat=False,
    ),
    "kneeling": Posture(
        lean=(-5, 10), hip=(-8, 15), knee=(85, 100), spread=(2, 15),
        arms=("hanging", "holding", "on the hip", "before", "on the head"), flat=False,
        pointed=(45, 65),
    ),
    "on the heels": Posture(
        lean=(-5, 20), bend=(0, 30), hip=(70, 85), knee=(140, 152), spread=(3, 18),
        arms=("on the knee", "holding", "hanging"), flat=False, pointed=(40, 60),
    ),
    "on one knee": Posture(
        lean=(-5, 25), hip=(-10, 10), knee=(85, 100), hip2=(75, 98), knee2=(75, 100),
        arms=("on the knee", "holding", "hanging", "before"), flat=False,
    ),
    "lunging": Posture(
        lean=(0, 25), hip=(45, 85), knee=(50, 100), hip2=(-45, -15), knee2=(5, 40),
        arms=("out", "before", "on the hip", "hanging", "up", "flexed"), flat=False,
    ),
    "on all fours": Posture(
        lean=(75, 95), bend=(-10, 15), hip=(-10, 15), knee=(80, 100), spread=(0, 14),
        arms=("before",), flat=False, pointed=(20, 60), propped=True,
    ),
    "pressing up": Posture(
        lean=(0, 5), bend=(-8, 5), hip=(-5, 5), knee=(0, 6), arms=("before",),
        whole=("x", (62, 78)), flat=False, propped=True,
    ),
    "downward dog": Posture(lean=(100, 130), bend=(0, 15), hip=(-40, -18), knee=(0, 15),
                            arms=("up",), flat=False, propped=True),
    "kicking": Posture(
        lean=(-35, -5), hip=(-8, 10), knee=(0, 20), hip2=(60, 115), knee2=(0, 50),
        arms=("flexed", "holding", "out", "hanging"), flat=False,
    ),
    "balancing": Posture(
        lean=(50, 85), bend=(-20, 5), hip=(-5, 8), knee=(0, 12), hip2=(-95, -60), knee2=(0, 20),
        arms=("out", "before", "up"), flat=False,
    ),
    "star": Posture(spread=(20, 45), arms=("wide up", "out", "up"), flat=False),
    "tucked": Posture(lean=(10, 40), bend=(10, 40), hip=(80, 125), knee=(80, 130),
                      arms=("wide up", "on the knee", "out", "flexed"), flat=False),
    "lying on the back": Posture(
        bend=(-2, 12), hip=(-2, 18), knee=(0, 15), hip2=(0, 60), knee2=(0, 100), spread=(0, 22),
        arms=REST, whole=("x", (-95, -85)), flat=False,
    ),
    "lying on the belly": Posture(
        bend=(-8, 4), hip=(-6, 3), knee=(0, 12), hip2=(-8, 5), knee2=(0, 80), spread=(0, 22),
        arms=("beside", "up", "cactus", "under the head", "out"), whole=("x", (85, 95)), flat=False,
    ),
    "lying on the side": Posture(
        lean=(-5, 20), bend=(0, 25), hip=(0, 70), knee=(5, 90), spread=(0, 4),
        arms=("holding", "before", "hanging", "under the head", "on the face"),
        whole=("y", (78, 98)), flat=False,
    ),
    "curled up": Posture(
        lean=(0, 25), bend=(20, 45), hip=(85, 125), knee=(90, 130), spread=(0, 6),
        arms=("on the knee", "holding", "on the face"), whole=("y", (78, 98)), flat=False,
    ),
    "handstand": Posture(
        bend=(-12, 5), hip=(-15, 15), knee=(0, 15), hip2=(-50, 50), knee2=(0, 60), spread=(0, 18),
        arms=("up",), whole=("x", (165, 195)), flat=False,
    ),
    "headstand": Posture(bend=(-5, 5), hip=(-10, 30), knee=(0, 30), spread=(0, 25),
                         arms=("on the head", "behind the head"), whole=("x", (172, 188)),
                         flat=False),
    "cartwheel": Posture(
        bend=(-5, 10), hip=(-10, 15), knee=(0, 10), spread=(25, 50), arms=("wide up", "up"),
        whole=("y", (50, 310)), flat=False,
    ),
    "diving": Posture(bend=(-10, 30), hip=(-15, 60), knee=(0, 60), arms=("up", "before"),
                      whole=("x", (90, 170)), flat=False),
}  # fmt: skip
# Arms before the trunk, as of people who talk, sign, clap, box, dance or hold something.
GESTURES = {
    "talking": Posture(
        lean=(-4, 10), bend=(-5, 15), hip=(-6, 20), knee=(0, 20),
        arms=("before the chest", "before the chest", "before the belly", "before the belly",
              "beside the face", "folded", "on the mouth", "pointing", "hanging", "on the hip"),
        often=2.0,
    ),
    "talking, seated": Posture(
        lean=(-15, 10), bend=(-5, 25), hip=(78, 98), knee=(65, 105), spread=(2, 22),
        arms=("before the chest", "before the belly", "beside the face", "on the knee"),
    ),
    "on guard": Posture(
        lean=(0, 15), bend=(5, 25), hip=(5, 35), knee=(10, 45), hip2=(-20, 5), knee2=(5, 40),
        spread=(2, 18), arms=("beside the face", "before the chest"), flat=False,
    ),
    "stepping": Posture(
        hip=(10, 45), knee=(10, 70), hip2=(-20, 5), knee2=(3, 30), flat=False,
        arms=("before the chest", "beside the face", "before the belly", "out", "flexed"),
    ),
}  # fmt: skip
LIFTED = {"star": 0.3, "tucked": 0.5, "diving": 0.8}  # metres off the ground, at most
