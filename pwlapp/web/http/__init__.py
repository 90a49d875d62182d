"""What the routes share: middleware, limits, and the bodies of requests and responses."""
