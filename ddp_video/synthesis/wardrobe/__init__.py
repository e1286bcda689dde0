"""Skin, clothes, shoes and hair, made of code or of the MakeHuman library."""
