"""Many images in one go: which cases there are, what became of each, and tables and a page to look through them."""
