"""What AppTest would find out anew for each of its sessions, found out once."""

from collections.abc import Iterator
from functools import cache

import pytest


@pytest.fixture(scope="session")
def components_known() -> Iterator[None]:
    """Streamlit reads what every installed package says of itself, in search of components: 0.4 s a session, and
    nothing is installed meanwhile."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield
