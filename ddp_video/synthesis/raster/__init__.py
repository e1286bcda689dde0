"""Posed triangles to pictures and exact labels, by Warp on the CPU or on CUDA."""
