"""The libraries that pip carries, as far as we use them."""
