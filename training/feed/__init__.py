"""From cases to batches: preparing and keeping stacks, drawing from them, and making of them what other scanners might
have made.
"""
