"""Rendered people with exact dense-pose truth: body, motion, wardrobe, scene, rasterise, clip.

Needs the extra `synth` (anny and warp). Importing this package runs nothing; the clip of
`samples/` is made by `python -m ddp_video.synthesis.samples`.
"""
