"""Training by Celery workers that share a Redis with the web servers."""
