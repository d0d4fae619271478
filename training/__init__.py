"""Makes the model files that LumbarSeg ships. See README.md in this folder."""
