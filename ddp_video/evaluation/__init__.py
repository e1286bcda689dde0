"""How good a network is: agreement with labels, average precision, clips, and where it errs."""
