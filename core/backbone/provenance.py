"""Weights together with where they come from."""

from dataclasses import dataclass
from typing import Literal

from core.backbone.arrays import Arrays

Source = Literal["user file", "keras", "package index"]


@dataclass(frozen=True)
class Provenance:
    """Where weights come from. Saved with every run: a head fits only the base that it was trained on."""

    source: Source
    location: str
    """Path, address or package of the file that the weights were read from, when they were first read."""
    digest: str
    """`arrays.digest_of` them: equal for equal weights, whatever file held them."""
    file_sha256: str
    description: str
    """In words, whose numbers these are."""
    from_cache: bool = False
    """Whether this time they were read from Pawlab's own copy."""


@dataclass(frozen=True)
class Weights:
    """Weights of MobileNetV2 without its top, checked by `arrays.validated`, and their provenance."""

    arrays: Arrays
    provenance: Provenance
