"""``capture`` as a program. A detached drainer lets go of its caller before the rest is even imported."""

import sys


def main() -> None:
    if sys.argv[1:3] == ["drain", "--detached"]:
        from capture.detach import detach

        detach()
    from capture.cli import main as run

    run()


if __name__ == "__main__":
    main()
