"""Tags that the desk's templates use without loading them."""
