"""What the training folder says when something of the user's cannot be used."""


class TrainingError(Exception):
    """One clear sentence that says what is wrong and what to do; raised before hours are spent."""
