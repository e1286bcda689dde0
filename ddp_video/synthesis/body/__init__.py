"""A human body: shape, skeleton, skin weights, and what keeps its limbs apart."""
