"""Clothes of real people: colours of labelled photos, laid over the whole surface of a body."""
