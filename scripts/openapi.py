"""Writes the contract of the doors for programs to docs/openapi.json: python scripts/openapi.py"""

import os
from pathlib import Path

import django
import msgspec

FILE = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"


def main() -> None:
    """Make it from the table of calls, as the door itself answers it, with a line for each value."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongxin.host.settings")
    django.setup()
    from tongxin.desk.api_urls import contract  # noqa: PLC0415 - needs Django set up

    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(contract())) + b"\n")


if __name__ == "__main__":
    main()
