"""The adapter has the manners of PythonQt: it does what that does and refuses what that refuses."""

from typing import Any

import ctk
import pytest
import qt
import slicer


def test_a_property_is_an_attribute_and_no_method() -> None:
    bar = qt.QProgressBar()
    bar.value = 30
    assert bar.value == 30
    with pytest.raises(TypeError):
        bar.value()


def test_a_getter_beside_its_property_is_not_there() -> None:
    with pytest.raises(AttributeError):
        qt.QPushButton().isEnabled()


def test_an_attribute_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AttributeError):
        qt.QPushButton().enabeld = True
    with pytest.raises(AttributeError):
        slicer.qMRMLNodeComboBox().nodeType = []


@pytest.mark.parametrize("value", [1, None, 1.5])
def test_a_property_takes_no_value_of_another_kind(value: Any) -> None:
    with pytest.raises(TypeError):
        qt.QPushButton().text = value


def test_a_read_only_property_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        qt.QComboBox().count = 3


@pytest.mark.parametrize("signature", ["clicked(int)", "clickd()", "clicked"])
def test_a_signature_that_does_not_exist_is_refused(signature: str) -> None:
    with pytest.raises(AttributeError):
        qt.QPushButton().connect(signature, print)


def test_a_slot_is_called_and_can_be_disconnected() -> None:
    heard: list[bool] = []
    button = qt.QPushButton()
    button.connect("clicked(bool)", heard.append)
    button.click()
    button.disconnect("clicked(bool)", heard.append)
    button.click()
    assert heard == [False]


def test_a_node_selector_stays_empty_when_volumes_come_and_takes_another_when_its_own_goes(scene: Any) -> None:
    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    selector.noneEnabled = True
    selector.setMRMLScene(scene)
    first, second = (scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name) for name in ("first", "second"))
    assert selector.currentNode() is None
    selector.setCurrentNode(second)
    scene.RemoveNode(second)
    assert selector.currentNode() is first
    selector.setMRMLScene(None)


def test_a_form_with_a_widget_that_nothing_stands_for_is_refused(tmp_path: Any) -> None:
    form = tmp_path / "strange.ui"
    form.write_text('<ui version="4.0"><widget class="ctkStrange" name="it"/></ui>')
    with pytest.raises(RuntimeError, match="no stand-in for ctkStrange"):
        slicer.util.loadUI(str(form))


def test_a_folded_section_hides_what_is_in_it_but_not_what_was_hidden_before() -> None:
    section = ctk.ctkCollapsibleButton()
    layout = qt.QVBoxLayout(section)
    seen, hidden = qt.QLabel("seen"), qt.QLabel("hidden")
    layout.addWidget(seen)
    layout.addWidget(hidden)
    hidden.visible = False
    section.show()
    section.collapsed = True
    assert not seen.visible
    section.collapsed = False
    assert seen.visible
    assert not hidden.visible
    section.hide()
