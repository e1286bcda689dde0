"""Datasets: the one format, read and written."""

from .densepose_coco import DensePoseDataset, Record
from .writer import DatasetWriter, PersonLabel

__all__ = ["DatasetWriter", "DensePoseDataset", "PersonLabel", "Record"]
