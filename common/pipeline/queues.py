"""Names of the queues and exchanges of the pipeline, for code that talks to the broker or about it.

What they are for is in broker/layout.py, how they are declared in broker/topology.py.
"""

FEATURES, Y_TRUE, Y_PRED = "features", "y_true", "y_pred"
STREAMS = (FEATURES, Y_TRUE, Y_PRED)
DEAD_LETTERS = "dead_letters"
REPLIES = "replies"  # the exchange that gives an answer to the queue that its request named
FEATURES_BY_MODEL = "features.by_model"  # requests to a model named by its id
ANSWERS = "answers"  # the queue of answers to requests that came over HTTP
Y_PRED_SHADOW = "y_pred_shadow"  # predictions of the shadow model
CHANGES = "changes"  # the exchange that tells every process of `model` to look at the model store
DELAYED_LABELS = "delay.y_true"  # the exchange of the delay queues
DELAY_QUEUES = "y_true.delay"  # how the name of each of them begins
DELAY_STEPS = 4  # queues in which labels wait: delays differ, so that labels overtake each other


def edge(queue: str) -> str:
    """Returns the exchange through which our services publish to `queue`."""
    return f"edge.{queue}"


def delay_queue(step: int) -> str:
    """Returns the queue in which a label waits `step` of DELAY_STEPS parts of the longest delay."""
    return f"{DELAY_QUEUES}.{step}of{DELAY_STEPS}"
