"""The commands that come next for a model, each in a form to copy where it is printed."""

from shlex import quote

from pipeline.errors import PipelineError
from pipeline_cli.gateway_client import AskSettings, Gateway
from pipeline_cli.stored_models.answers import Links
from pipeline_cli.terminal import printable


class NextSteps:
    """Prints next steps, after an empty line."""

    def __init__(self, settings: AskSettings, gateway: Gateway) -> None:
        self._command = settings.command
        self._gateway = gateway

    def of_none(self) -> None:
        """Prints how a store gets its first model."""
        print(f"there is no model yet: {printable(self._command)} train makes one")

    def of_stored(self, model_id: str) -> None:
        """Prints how to try and promote the model, or why it cannot answer."""
        print()
        if self._is_promotable(model_id):
            self._print("try it in the shadow", "shadow", model_id)
            self._print("promote it", "promote", model_id)

    def of_shadow(self, model_id: str) -> None:
        """Prints where its verdict is, and the two ways to go on from there."""
        print()
        if page := self._live_page():
            print(f"its verdict, some rows later: {printable(page)}")
        if self._is_promotable(model_id):
            self._print("promote it", "promote", model_id)
        self._print("stop it", "unshadow")

    def of_live(self) -> None:
        """Prints how to go back."""
        print()
        self._print("go back", "rollback")

    def of_rest(self) -> None:
        """Prints where to look."""
        print()
        self._print("see all models", "list")

    def _is_promotable(self, model_id: str) -> bool:
        """Prints why it is not, or that this is unknown."""
        try:
            refusal = self._gateway.refusal(model_id)
        except PipelineError as error:  # the model is there all the same
            print(f"cannot tell whether it can be promoted: {printable(str(error))}")
            return False
        if refusal:
            print(f"it cannot be promoted as it is: {printable(refusal)}")
        return not refusal

    def _print(self, what: str, action: str, *model_ids: str) -> None:
        command = " ".join([self._command, "models", action, *map(quote, model_ids)])
        print(f"{what}: {printable(command)}")

    def _live_page(self) -> str | None:
        try:
            return self._gateway.decoded(self._gateway.content("links"), Links).live_page
        except PipelineError:  # the change is made all the same
            return None
