"""How the page is built: its parts as elements, what they say and allow comes from `scene.states` by their names."""
