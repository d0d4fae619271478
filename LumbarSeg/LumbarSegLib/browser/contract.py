"""What the front door and a session's child process agree on.

The child reads one JSON line from its standard input: `port` (0: any free one), `secret`, `folder` (its own, emptied
and removed by the door), `open` (null, `{"sample": NAME}` or `{"path": FILE}`) and `served_folder` (null, or the folder
whose images every user may open). It prints one JSON line, `{"port": N}`, when it listens on 127.0.0.1, and refuses
each request whose header `SECRET_HEADER` is not the secret. Each further line that it reads is a message:
`{"uploaded": [PATH, ...], "names": [NAME, ...]}` (files below its folder, all in one folder of their own, and what the
user called them) or `{"idle": true}` and `{"idle": false}` (its end is near unless the user does something). It ends
when its input does.
"""

SESSION_MODULE = "LumbarSegLib.browser.session"
SECRET_HEADER = "X-LumbarSeg-Secret"
EXPORTS = "export"
"""Below the session's folder; a file at `export/RANDOM/NAME` is handed out as `files/RANDOM/NAME`."""

UPLOADS = "upload"
"""Below the session's folder; each upload lies in a folder of its own in there until the next one comes."""
