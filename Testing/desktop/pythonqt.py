"""PySide6 with the manners of PythonQt, the Qt binding inside 3D Slicer: for tests alone.

What PythonQt does, this does: Qt properties are attributes (`button.enabled = False`), signals are connected by their
C++ signature, values that PySide6 returns in tuples come alone. What PythonQt refuses, this refuses, and where PythonQt
only prints (a signature that does not exist), this raises, so that a test fails.
"""

import inspect
import os
import re
import sys
import types
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6 import QtCore, QtGui, QtTest, QtUiTools, QtWidgets
from PySide6.QtCore import QObject

MODULES = (QtCore, QtGui, QtWidgets, QtTest)
_VIRTUAL = {"sizeHint", "minimumSizeHint"}  # Qt itself calls these by their names
_KINDS: dict[str, tuple[type, ...]] = {
    "bool": (bool, int),
    "int": (int,),
    "double": (int, float),
    "QString": (str,),
    "QStringList": (list, tuple),
}


class QtProperty:
    """A Qt property as PythonQt shows it: an attribute of the object. On the class the method of that name remains."""

    def __init__(self, name: str, kind: str, writable: bool, method: Any) -> None:
        self.name, self.kind, self.writable, self.method = name, kind, writable, method

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        if owner is None:
            return self if self.method is None else self.method
        return owner.property(self.name)

    def __set__(self, owner: Any, value: Any) -> None:
        if not self.writable:
            raise AttributeError(f"{type(owner).__name__}.{self.name} is read-only")
        set_property(owner, self.name, self.kind, value)


def set_property(owner: Any, name: str, kind: str, value: Any) -> None:
    """Set a property as PythonQt does, which converts no value of another kind."""
    if not isinstance(value, _KINDS.get(kind, (object,))):
        raise TypeError(f"Property '{name}' of type '{kind}' does not accept an object of type {type(value).__name__}")
    if not owner.setProperty(name, value):
        raise TypeError(f"{type(owner).__name__}.{name} cannot be set to {value!r}")


def install() -> types.ModuleType:
    """Give all classes of PySide6 these manners, once, and return the module `qt`."""
    if "qt" in sys.modules:
        return sys.modules["qt"]
    for module in MODULES:
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if isinstance(cls, type) and issubclass(cls, QObject) and hasattr(cls, "staticMetaObject"):
                _show_properties(cls)
    own = QObject.__getattribute__
    manners = {"connect": _connect, "disconnect": _disconnect}

    def get(self: Any, name: str) -> Any:
        # PySide6 answers `connect` before it looks at attributes of the class.
        if name in manners:
            return types.MethodType(manners[name], self)
        if _is_getter(name) and _has_property(self, name):
            raise AttributeError(f"{name}() is not there in PythonQt; read the property {_property_of(name)}")
        return own(self, name)

    QObject.__getattribute__ = get
    QObject.name = property(lambda it: it.property("objectName"), lambda it, name: it.setObjectName(name))
    QObject.className = lambda it: it.metaObject().className()
    qt = types.ModuleType("qt")
    for module in MODULES:
        qt.__dict__.update({key: value for key, value in vars(module).items() if not key.startswith("__")})
    _return_values_alone()
    sys.modules["qt"] = qt
    return qt


def _show_properties(cls: type) -> None:
    cls.__setattr__ = _set  # type: ignore[method-assign, assignment]
    meta = cls.staticMetaObject  # type: ignore[attr-defined]
    if meta.className() != cls.__name__:
        return
    for place in range(meta.propertyOffset(), meta.propertyCount()):
        one = meta.property(place)
        if one.name() not in _VIRTUAL:
            method = getattr(cls, one.name(), None)
            setattr(cls, one.name(), QtProperty(one.name(), one.typeName(), one.isWritable(), method))


def _set(self: Any, name: str, value: Any) -> None:
    cls = type(self)
    found = next((base.__dict__[name] for base in cls.__mro__ if name in base.__dict__), None)
    if isinstance(found, QtCore.Property):
        meta = self.metaObject()
        set_property(self, name, meta.property(meta.indexOfProperty(name)).typeName(), value)
    elif hasattr(type(found), "__set__"):
        found.__set__(self, value)  # type: ignore[union-attr]
    elif isinstance(value, QObject) and value.property("objectName") == name:
        return  # PySide6's loader hangs each child on its parent; PythonQt's does not
    elif found is None and name not in self.__dict__ and _is_of_qt(cls) and not name.startswith("_"):
        raise AttributeError(f"'{name}' does not exist on {cls.__name__}, and PythonQt creates no new attribute on it")
    else:
        self.__dict__[name] = value


def _is_of_qt(cls: type) -> bool:
    return cls.__module__.startswith("PySide6") or "_stand_in" in cls.__dict__


def _is_getter(name: str) -> bool:
    return len(name) > 2 and name.startswith("is") and name[2].isupper()


def _property_of(getter: str) -> str:
    return getter[2].lower() + getter[3:]


def _has_property(owner: Any, getter: str) -> bool:
    return bool(QObject.metaObject(owner).indexOfProperty(_property_of(getter)) >= 0)


def _signatures(owner: Any, name: str) -> list[str]:
    meta = owner.metaObject()
    methods = [meta.method(place) for place in range(meta.methodCount())]
    return [bytes(one.methodSignature()).decode() for one in methods if bytes(one.name()).decode() == name]


def signal_of(owner: Any, signature: str) -> Any:
    """The signal with a C++ signature. Raises AttributeError where the object has none."""
    name = signature.split("(", maxsplit=1)[0].strip()
    signal = getattr(owner, name, None)
    if signal is None or not hasattr(signal, "connect"):
        raise AttributeError(f"{type(owner).__name__} has no signal {signature}")
    wanted = bytes(QtCore.QMetaObject.normalizedSignature(signature)).decode()
    there = _signatures(owner, name)
    told = getattr(type(owner), "cpp_signals", {}).get(name)
    if told is not None:
        there = [told]
    if wanted not in there:
        raise AttributeError(f"{type(owner).__name__} has no signal {wanted}; it has {', '.join(there)}")
    return signal[wanted.split("(")[1][:-1]] if told is None and len(there) > 1 and "(" in wanted else signal


def _connect(self: Any, signal: Any, slot: Any) -> bool:
    (signal_of(self, signal) if isinstance(signal, str) else signal).connect(slot)
    return True


def _disconnect(self: Any, signal: Any, slot: Any = None) -> bool:
    found = signal_of(self, signal) if isinstance(signal, str) else signal
    if slot is None:
        found.disconnect()
    else:
        found.disconnect(slot)
    return True


def _return_values_alone() -> None:
    dialog = QtWidgets.QFileDialog
    for name in ("getOpenFileName", "getSaveFileName"):
        method = getattr(dialog, name)
        setattr(dialog, name, staticmethod(lambda *given, method=method: method(*given)[0]))
    QtWidgets.QDialog.exec_ = lambda self: self.exec()
    QtWidgets.QMenu.exec_ = lambda self, *given: self.exec(*given)


class Loader(QtUiTools.QUiLoader):
    """Loads .ui files whose promoted widgets are the stand-ins given; one that is none of them is refused."""

    known: tuple[type, ...] = ()

    def load(self, file: Any, parent: Any = None) -> Any:
        for cls in self.known:
            self.registerCustomWidget(cls)
        text = bytes(file.readAll()).decode()
        names = {cls.__name__ for cls in self.known}
        strange = {one for one in re.findall(r'<widget class="(\w+)"', text) if one[0] != "Q"} - names
        if strange:
            raise RuntimeError(f"no stand-in for {', '.join(sorted(strange))}")
        wires = re.findall(
            r"<sender>(.*?)</sender>\s*<signal>(.*?)</signal>\s*<receiver>(.*?)</receiver>\s*<slot>(.*?)</slot>", text
        )
        buffer = QtCore.QBuffer()
        buffer.setData(re.sub(r"<connections>.*?</connections>", "", text, flags=re.DOTALL).encode())
        buffer.open(QtCore.QIODevice.ReadOnly)
        widget = super().load(buffer, parent)
        if widget is None:
            raise RuntimeError(self.errorString())
        for sender, signal, receiver, slot in wires:
            # Qt knows nothing of vtkMRMLScene*, so these are connected here.
            found = [widget if widget.name == name else widget.findChild(QObject, name) for name in (sender, receiver)]
            signal_of(found[0], signal).connect(getattr(found[1], slot.split("(")[0]))
        return widget
