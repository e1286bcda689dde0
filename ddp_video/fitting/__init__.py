"""Labels for real photos: what the teachers see, put together."""
