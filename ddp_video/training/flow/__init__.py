"""Optical flow: pairs of pictures whose motion is known exactly, and RAFT trained on them."""
