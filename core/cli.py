"""The command line: `rowsmith app | train | predict | distill`."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated

import typer

from core.commands.predict import predict
from core.commands.train import distill, train
from core.errors import AppError
from core.workspace import check_writable, open_workspace

APP_FILE = Path(__file__).resolve().parent.parent / "app.py"
ADDRESS = "127.0.0.1"
DEFAULT_PORT = 8501

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def rowsmith() -> None:
    """Turn a spreadsheet into a neural network you can trust."""


app.command()(train)
app.command()(predict)
app.command()(distill)


@app.command("app")
def run_app(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the web page.")] = DEFAULT_PORT,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Serve the web app on this machine only."""
    if not is_free(port):
        typer.echo(f"Port {port} is taken by another program. Choose another one with --port.", err=True)
        raise typer.Exit(1)
    try:
        check_workspace()
    except AppError as error:
        typer.echo(error.sentence, err=True)
        raise typer.Exit(1) from error
    typer.echo(f"Rowsmith is at http://{ADDRESS}:{port}  (Ctrl+C ends it; trainings go on)")
    serve(APP_FILE, {"server_port": port, "server_address": ADDRESS, "server_headless": not browser})


def is_free(port: int) -> bool:
    """Return whether a server can listen on `port` of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
    return True


def check_workspace() -> None:
    """Raise an AppError where nothing could be kept: what the app would find out at the first click."""
    from core.runs.store import open_store

    workspace = open_workspace()
    check_writable(workspace)
    store = open_store(workspace)
    try:
        store.runs()
    finally:
        store.close()


def serve(script: Path, options: dict[str, object]) -> None:
    """Run Streamlit in this process, with the settings that stand beside `script`.

    Streamlit takes a folder named `pages` for its old way of finding pages, and believes in it
    until the first script has run; a deep link opened before that shows "Page not found". So
    that belief is corrected before the server starts.
    """
    from streamlit import config
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web import bootstrap

    from core.uploads import keep_uploads_on_disk

    config._main_script_path = str(script)
    bootstrap.load_config_options(flag_options=options)
    PagesManager.uses_pages_directory = False
    keep_uploads_on_disk(open_workspace())
    bootstrap.run(str(script), False, [], options)


if __name__ == "__main__":
    app()
