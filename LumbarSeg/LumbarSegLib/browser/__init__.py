"""The same work in a browser: one front door, and behind it a process of its own for each user.

`door` serves the addresses that a browser may ask for; it starts, watches and ends the sessions and knows nothing of
images. `session` is the child: one scene, one page, one user. `contract` is all that the two agree on.
"""
