"""What a user sees first."""

from Testing.desktop.driving import Driven


def test_first_sight_states_research_use_and_what_to_do(panel: Driven) -> None:
    assert panel.ui.researchLabel.text == "Research use; not for diagnosis."
    assert panel.ui.statusLabel.text == "Load a lumbar spine image, or try a sample."
    assert not panel.ui.segmentButton.enabled
    assert panel.ui.segmentButton.toolTip == "Load a lumbar spine image, or try a sample."
