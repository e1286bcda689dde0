"""The DensePose charts on Anny's body: their table, how it is made, distances along the surface."""
