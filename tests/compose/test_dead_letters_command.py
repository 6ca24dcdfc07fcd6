"""The steps of docs/use/dead-letters.md for an unusable message: look, mend the cause, replay."""

from compose.stack import Stack, wait_for


def test_a_bad_label_is_listed_replayed_and_dropped(stack: Stack) -> None:
    stack.configure()
    stack.up()
    with stack.connect() as connection:
        connection.channel().queue_purge("dead_letters")
        connection.channel().basic_publish("", "y_true", b'{"id":"a-1","body":"151"}')
    wait_for(lambda: stack.queue_depths()["dead_letters"] == 1, "the dead letter")

    def dead_letters(*arguments: str) -> str:
        return stack.compose("run", "--rm", "pipeline", "dead-letters", *arguments)

    listed = dead_letters("list")
    assert '1  y_true    target: "151" is no number' in listed
    assert "dropped since the broker's start, because a queue was full: 0" in listed
    assert "1 replayed" in dead_letters("replay", "--all")
    wait_for(lambda: stack.queue_depths()["dead_letters"] == 1, "it to be refused again")
    assert "1 dropped" in dead_letters("drop", "--all")
    wait_for(lambda: stack.queue_depths()["dead_letters"] == 0, "none left")
