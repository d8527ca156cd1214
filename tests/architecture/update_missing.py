"""Takes what has been delivered off missing_api.txt: ``python -m tests.architecture.update_missing``.

It never adds: a public name that is absent and not listed is reported, and the exit status is 1.
"""

import sys

from tests.architecture.public_api import MISSING, absent, listed_missing, shrink


def main() -> int:
    before = listed_missing()
    kept, lost = shrink(before, absent())
    MISSING.write_text("".join(f"{name}\n" for name in kept))
    print(f"{MISSING.name}: {len(before)} entries before, {len(kept)} now")
    for name in lost:
        print(f"refused, deliver it instead: {name}", file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
