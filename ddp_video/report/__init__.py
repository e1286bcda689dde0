"""One HTML file that compares two predictions of a video: what they look like and how steady.

It opens offline: video, style and script stand inside. Two renderings of every frame share one
video, one above the other, so that they never drift apart; the page cuts them out. It has a swipe
between the two, curves frame by frame, who was there when, settings, what was left out, and a blind
study as in the paper's Table 3 with an exact binomial test.
"""

from .measured import Series
from .page import assemble
from .study import study_clips
from .write import ReportFile, Subject, write_report

__all__ = ["ReportFile", "Series", "Subject", "assemble", "study_clips", "write_report"]
