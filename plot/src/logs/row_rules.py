"""The rules for a row in words, for those who find out why a line could not be read."""

from logs.layout import LABELS, Layout, shown
from pipeline.table.value_errors import listed


def broken_rule(line: bytes, layout: Layout) -> str:
    """Returns the rule that this line breaks, or all of them if that is not known.

    >>> layout = Layout(",", 3, {"y_true": 0, "y_pred": 1, "absolute_error": 2}, classes=("a", "b"))
    >>> broken_rule(b"a,c,0", layout)
    "y_pred: 'c' is none of the classes a b"
    """
    classes = list(layout.classes)
    if not classes:
        return "a row has a label, a prediction and a non-negative error, all finite numbers"
    texts = layout.cut(line)
    for name in LABELS:
        if texts and (text := texts[layout.places[name]]) not in classes:
            return f"{name}: {shown(text.encode())} is none of the classes {listed(classes)}"
    return (
        f"a row has a label and a prediction, each one of the classes {listed(classes)}, and an "
        "error from 0 to 1"
    )
