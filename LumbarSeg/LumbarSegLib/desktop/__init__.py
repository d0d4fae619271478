"""The panel in 3D Slicer, on Qt. All that it shows follows from `states`; what it does, `core` and `scene` do."""
