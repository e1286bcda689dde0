"""Rendered people with exact dense-pose truth: charts, body, motion, wardrobe, scene, raster.

Needs the extra `synth` (anny and warp). Importing this package runs nothing; the clips of
`samples/` are made by `python -m ddp_video.synthesis.samples`.
"""
