"""Every error that a user can cause. The message is one line and says what to do next."""


class DdpVideoError(Exception):
    """Base of all expected errors; the command line prints it and exits with `exit_code`."""

    exit_code = 1


class InputError(DdpVideoError):
    """A path or an option that cannot be used."""

    exit_code = 2


class VideoError(DdpVideoError):
    """A file that cannot be read as video or picture."""

    exit_code = 3


class OutputError(DdpVideoError):
    """A file that cannot be written, or that exists already."""

    exit_code = 4


class WeightsError(DdpVideoError):
    """Weights that are missing, damaged, or made for another network."""

    exit_code = 5


class DataError(DdpVideoError):
    """A training or evaluation dataset that breaks the format."""

    exit_code = 6


class PredictionsError(DdpVideoError):
    """Stored predictions that are damaged, unfinished, of a newer version, or of something else."""

    exit_code = 7


class ShapeError(DdpVideoError, ValueError):
    """Arrays whose shapes do not fit together (a caller's mistake)."""
