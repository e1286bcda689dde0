"""Infer: frames in, one prediction a frame out."""

import copy
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Self

import cv2
import numpy as np
import torch
from torch import Tensor

from .errors import InputError
from .nearness import nearer, network_size
from .network import DirectDensePose
from .network.device import autocast, choose_device, choose_precision
from .network.direct_dense_pose import DensePose
from .network.eight_bits import computes_in_eight_bits
from .network.inference import for_inference
from .network.instance_branch import DetectionLimits
from .presence import lasting
from .settings import InferSettings
from .types import Frame, Person, Prediction

AT_ONCE = 2  # frames that a CPU works on
# CUDA has its own class for it; the CPU and MPS say it in words.
OUT_OF_MEMORY = re.compile("out of memory|not enough memory|can't allocate memory")


class Predictor:
    """A network ready to look at frames."""

    def __init__(self, network: DirectDensePose, settings: InferSettings | None = None) -> None:
        """Make a copy of the network ready on its device.

        Args:
            network: with its weights; stays as it is.
            settings: size, thresholds, device, number format.

        Raises:
            InputError: the device is not there, or its memory is too small.
        """
        self.settings = settings or InferSettings()
        self.device = choose_device(self.settings.device)
        self.dtype = choose_precision(self.device, self.settings.precision)
        self.eight_bits = self.settings.precision == "auto" and computes_in_eight_bits(self.device)
        with _enough_memory(self.device):
            self.network = for_inference(
                network, self.device, self.dtype, eight_bits=self.eight_bits
            )

    @property
    def description(self) -> dict[str, str]:
        """What is used, for the metrics file and `info`."""
        precision = str(self.dtype).removeprefix("torch.")
        if self.eight_bits:
            precision += ", large convolutions int8"
        return {"device": str(self.device), "precision": precision}

    def for_film(self, samples: Iterable[Frame]) -> Self:
        """The same network with its size settled: as near as suits some frames of the film."""
        looks = (self._look(frame, self.settings) for frame in samples)
        settled = copy.copy(self)
        settled.settings = nearer(self.settings, looks)
        return settled

    def __call__(
        self, frames: Iterable[Frame], before: Sequence[Person] = ()
    ) -> Iterator[tuple[Frame, Prediction]]:
        """Predict the frames of a film, in their order, all at the size of the settings.

        Somebody who was there a frame ago needs a lower score than who appears (`presence.py`).

        Args:
            frames: of a film.
            before: who was there before the first of them.
        """
        return lasting(self._each(frames), self.settings.threshold, before)

    def _each(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, Prediction]]:
        """Everybody who may be there.

        A CPU's cores work on two frames at a time: one frame has too little work for all of them.
        """
        cores = torch.get_num_threads()
        least = replace(self.settings, threshold=self.settings.threshold * self.settings.stay)
        if self.device.type != "cpu" or cores == 1:
            yield from ((frame, self._look(frame, least)) for frame in frames)
            return
        share = (max(1, cores // AT_ONCE),)
        with ThreadPoolExecutor(AT_ONCE, "infer", torch.set_num_threads, share) as pool:
            coming: deque[tuple[Frame, Future[Prediction]]] = deque()
            try:
                for frame in frames:
                    coming.append((frame, pool.submit(self._look, frame, least)))
                    if len(coming) > AT_ONCE:  # one waits, so that nobody has to wait for it
                        first, answer = coming.popleft()
                        yield first, answer.result()
                while coming:
                    first, answer = coming.popleft()
                    yield first, answer.result()
            finally:
                for _, answer in coming:
                    answer.cancel()
                torch.set_num_threads(cores)  # for threads that begin later

    def predict(self, frame: Frame, threshold: float | None = None) -> Prediction:
        """The prediction for a picture on its own, on the CPU in float32.

        Where everybody in it is far, the network looks a second time from nearer.

        Args:
            frame: the picture.
            threshold: a person needs at least this score; None for that of the settings.

        Raises:
            InputError: the device's memory is too small.
        """
        if threshold is None:
            threshold = self.settings.threshold
        first = self._look(frame, replace(self.settings, threshold=threshold))
        again = nearer(self.settings, [first])
        if again.short_side == self.settings.short_side:
            return first
        return self._look(frame, replace(again, threshold=threshold))

    def _look(self, frame: Frame, settings: InferSettings) -> Prediction:
        """One look at the size of the settings."""
        h, w = network_size(frame.size, settings)
        shrink = h < frame.size[0]
        resized = cv2.resize(
            frame.image, (w, h), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
        )
        with _enough_memory(self.device):
            image = torch.from_numpy(resized).permute(2, 0, 1).unsqueeze(0)
            pose = self._forward(image, settings.threshold)
            return prediction_of(pose, frame.size, (h, w))

    @torch.inference_mode()
    def _forward(self, image: Tensor, threshold: float) -> DensePose:
        s = self.settings
        limits = DetectionLimits(threshold, s.nms, s.nms_iou, s.top_k)
        with autocast(self.device, s.precision):
            return self.network(image.to(self.device), limits, s.sparse_backend)


@contextmanager
def _enough_memory(device: torch.device) -> Iterator[None]:
    """Say in one line that memory ran out, and what helps."""
    try:
        yield
    except RuntimeError as error:
        known = isinstance(error, torch.OutOfMemoryError) or OUT_OF_MEMORY.search(str(error))
        if not known:
            raise
        other = "close other programs" if device.type == "cpu" else "use --device cpu"
        raise InputError(
            f"not enough memory on {device}: {other}, or a smaller picture "
            "(in Python: InferSettings(short_side=...))"
        ) from error


def prediction_of(
    pose: DensePose, size: tuple[int, int], input_size: tuple[int, int]
) -> Prediction:
    """The single picture of a batch, in the frame's own pixels."""
    scale = np.array([size[1] / input_size[1], size[0] / input_size[0]] * 2)
    people = pose.people
    found = tuple(
        Person(
            box=tuple(map(float, box * scale)),  # pyright: ignore[reportArgumentType]
            score=float(score),
            instance_mask=instance.float().cpu(),
            surface_mask=surface.float().cpu(),
        )
        for box, score, instance, surface in zip(
            people.box.float().cpu().numpy(),
            people.score,
            people.instance_mask,
            people.surface_mask,
            strict=True,
        )
    )
    return Prediction(pose.logits[0].float().cpu(), pose.coverage[0].float().cpu(), found, size)
