"""How many examples a property is held to: as many as the profile says (tests/marks.py), or fewer where each takes
long. Only for test files: when they are imported, the profile is loaded."""

from hypothesis import settings

FEW = settings(max_examples=settings().max_examples // 5)
