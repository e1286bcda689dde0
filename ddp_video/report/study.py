"""Which clips of a video the blind study shows."""

import math
from collections.abc import Sequence

SHORTEST, LONGEST = 1.0, 20.0  # seconds; the paper's sequences have 20


def study_clips(times: Sequence[float], people: Sequence[int], count: int) -> list[list[int]]:
    """Cut a video into equal parts; those without people are left out.

    Parts are as many as asked for, fewer where they would be shorter than a second; of parts longer
    than 20 s the middle is shown.

    Args:
        times: seconds of each frame, and of the end of the last one.
        people: found in each frame by either side.
        count: at most this many clips.

    Returns:
        First and last frame of each clip.
    """
    frames = len(people)
    length = times[-1] - times[0]
    parts = max(1, min(count, frames, math.floor(length / SHORTEST)))
    clips = []
    for part in range(parts):
        middle = times[0] + (part + 0.5) * length / parts
        reach = min(length / parts, LONGEST) / 2
        inside = [i for i in range(frames) if middle - reach <= times[i] < middle + reach]
        if any(people[i] for i in inside):
            clips.append([inside[0], inside[-1]])
    return clips
