"""Who stands where, before what, in which light, seen by which camera."""
