"""`python -m ddp_video` is `ddp-video`."""

from .cli.app import main

if __name__ == "__main__":
    main()
