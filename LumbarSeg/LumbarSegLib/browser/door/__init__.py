"""The front door: gives each user a session of his own, and lets nobody else near it."""
