"""Training: batches, targets, losses (Eqs. 7-12) and the loop."""
