"""One user's session: a process with a scene, a worker and a page of its own. `python -m` starts it for the door."""
