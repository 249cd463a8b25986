"""What the built package says beyond `pyproject.toml`: where the project lives, and a README whose links lead there.

The address of the repository stands in one place, `address` below `[tool.hatch.metadata.hooks.custom]`. While it is
empty the package names no address, and the README keeps the links that work beside it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(\]\(|src=\"|srcset=\"|href=\")(?![a-z]+:|#)([^)\"]+)")
PICTURES = (".png", ".svg", ".gif", ".jpg")


class Address(MetadataHookInterface):  # type: ignore[misc]
    """Add the project's URLs and its README."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in what `dynamic` announces."""
        address = self.config.get("address", "").rstrip("/")
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        metadata["urls"] = urls(address) if address else {}
        text = absolute(text, address) if address else text
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def urls(address: str) -> dict[str, str]:
    """Return the links of the index's side bar."""
    return {
        "Homepage": address,
        "Documentation": f"{address}/blob/main/docs/README.md",
        "Changelog": f"{address}/blob/main/CHANGELOG.md",
        "Issues": f"{address}/issues",
    }


def absolute(text: str, address: str) -> str:
    """Return a page of the repository with links that hold anywhere: the index shows it without the files beside it."""

    def linked(found: re.Match[str]) -> str:
        kind = "raw" if found[2].endswith(PICTURES) else "blob"
        return f"{found[1]}{address}/{kind}/main/{found[2]}"

    return LINK.sub(linked, text)
