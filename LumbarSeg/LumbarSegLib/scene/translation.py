"""Words for the user in his language: by 3D Slicer where it is around, as they are written elsewhere."""

try:
    from slicer.i18n import tr as tr  # noqa: PLC0414 - the other modules take it from here
except ModuleNotFoundError:

    def tr(text: str) -> str:
        """The text as it is."""
        return text
