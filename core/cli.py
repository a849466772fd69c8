"""The command line: `rowsmith app` opens the web app on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

APP_FILE = Path(__file__).resolve().parent.parent / "app.py"
DEFAULT_PORT = 8501

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def rowsmith() -> None:
    """Turn a spreadsheet into a neural network you can trust."""


@app.command("app")
def run_app(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the web page.")] = DEFAULT_PORT,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Serve the web app on this machine only."""
    typer.echo(f"Rowsmith is at http://127.0.0.1:{port}  (Ctrl+C ends it; trainings go on)")
    serve(APP_FILE, {"server_port": port, "server_address": "127.0.0.1", "server_headless": not browser})


def serve(script: Path, options: dict[str, object]) -> None:
    """Run Streamlit in this process, with the settings that stand beside `script`.

    Streamlit takes a folder named `pages` for its old way of finding pages, and believes in it
    until the first script has run; a deep link opened before that shows "Page not found". So
    that belief is corrected before the server starts.
    """
    from streamlit import config
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web import bootstrap

    os.environ.setdefault("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false")
    config._main_script_path = str(script)
    bootstrap.load_config_options(flag_options=options)
    PagesManager.uses_pages_directory = False
    bootstrap.run(str(script), False, [], options)


if __name__ == "__main__":
    app()
