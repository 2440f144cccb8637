"""Django's way to PostgreSQL, with connections that outlive a request."""
