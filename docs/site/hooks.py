"""What the site is built with beside the pages: the navigation, the commands' flags, links to the code, notebooks.

Pages are read on the site and in the repository. What the repository shows by itself (a folder, a file of code) the
site cannot, so links that leave `docs/` lead to the repository where its address is known (`LIMELIGHT_URL`), and are
plain text where it is not.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
sys.path[:0] = [str(ROOT / "src"), str(DOCS / "site")]

import notebooks  # noqa: E402

SECTIONS = {
    "tutorials": "Tutorials",
    "how-to": "How to",
    "concepts": "Concepts",
    "reference": "Reference",
    "gallery": "Gallery",
}
"""Folders in the order of their tabs. A page's title is its heading; pages stand in the order of docs/README.md."""
ANSWERS = ("faq.md", "concepts/", "how-to/move-from-", "reference/settings.md")
"""Pages that answer questions: found before the lists of the reference, which name everything."""
LISTS = ("reference/files.md",)
"""Pages of names: found by those who look for the name."""
_LINK = re.compile(r"\[([^\]]*)\]\(((?:\.\./)+[^)\s#]+)(#[^)\s]*)?\)")
_MENTIONED = re.compile(r"\]\(([\w./-]+\.md)\)")
_TITLE = re.compile(r"^#+ (.+)$", re.MULTILINE)


def on_config(config: Any) -> Any:
    """Build the navigation from the order in which the home page names the pages."""
    named = list(dict.fromkeys(_MENTIONED.findall((DOCS / "README.md").read_text(encoding="utf-8"))))
    found = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
    order = [page for page in named if page in found] + [page for page in found if page not in named]
    tabs: list[Any] = [{"Home": "README.md"}]
    for folder, title in SECTIONS.items():
        tabs.append({title: [{_title(page): page} for page in order if page.startswith(f"{folder}/")]})
    rest = [page for page in order if "/" not in page and page != "README.md"]
    tabs.append({"About": [{_title(page): page} for page in rest]})
    config["nav"] = tabs
    return config


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Fill in the flags, offer the notebook of a tutorial, and lead links out of `docs/` to the repository."""
    if "<!-- commands -->" in markdown:
        markdown = markdown.replace("<!-- commands -->", commands())
    if "<!-- columns -->" in markdown:
        markdown = markdown.replace("<!-- columns -->", columns())
    path = page.file.src_uri
    if path == "README.md":
        page.meta["hide"] = ["navigation", "toc"]  # the three pictures have all the width
    if path.startswith(ANSWERS):
        page.meta["search"] = {"boost": 3}
    elif path in LISTS:
        page.meta["search"] = {"boost": 0.3}
    if path in notebooks.TUTORIALS:
        name = notebooks.name_of(path)
        markdown = f'<a class="notebook" href="../notebooks/{name}" download>Download as a notebook</a>\n\n{markdown}'
    return _LINK.sub(lambda link: _to_the_repository(link, Path(path).parent), markdown)


def on_post_page(output: str, **_: Any) -> str:
    """Give the theme's dialog for searching the name that readers of screens need."""
    return output.replace(
        'data-md-component="search" role="dialog"', 'data-md-component="search" role="dialog" aria-label="Search"'
    )


def on_post_build(config: Any, **_: Any) -> None:
    """Write the notebooks, each run from its first cell to its last where `LIMELIGHT_RUN_NOTEBOOKS` is set."""
    notebooks.write(DOCS, Path(config["site_dir"]) / "notebooks", run=bool(os.environ.get("LIMELIGHT_RUN_NOTEBOOKS")))
    (Path(config["site_dir"]) / "llms.txt").write_text(for_language_models(config), encoding="utf-8")


def for_language_models(config: Any) -> str:
    """Return what programs that read the site find in `/llms.txt` (llmstxt.org): every page with its first sentence."""
    lines = [f"# {config['site_name']}", "", f"> {config['site_description']}", ""]
    for tab in config["nav"]:
        for title, pages in tab.items():
            if isinstance(pages, list):
                lines += [f"## {title}", "", *[_entry(page) for page in pages], ""]
    return "\n".join(lines)


def _entry(page: dict[str, str]) -> str:
    ((title, path),) = page.items()
    said = _first_sentence((DOCS / path).read_text(encoding="utf-8"))
    return f"- [{title}]({path.removesuffix('.md')}.html){f': {said}' if said else ''}"


def _first_sentence(markdown: str) -> str:
    """Return the first sentence of prose below a page's heading, without its links."""
    for paragraph in re.split(r"\n\s*\n", markdown):
        if re.match(r"[A-Z`*\[](?!``)", paragraph.strip()) and "|" not in paragraph:
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
            return re.split(r"(?<=[.?!])\s", plain)[0].rstrip(":")
    return ""


def _title(page: str) -> str:
    found = _TITLE.search((DOCS / page).read_text(encoding="utf-8"))
    title = found[1] if found else page
    return "In a " + Path(page).stem if page.startswith("gallery/") else re.sub(r"\\(.)", r"\1", title)


def _to_the_repository(link: re.Match[str], folder: Path) -> str:
    there = (DOCS / folder / link[2]).resolve()
    if there.is_relative_to(DOCS):
        return link[0]
    address = os.environ.get("LIMELIGHT_URL", "")
    if not address:
        return link[1]
    return f"[{link[1]}]({address}/blob/main/{there.relative_to(ROOT).as_posix()}{link[3] or ''})"


# -- the commands -----------------------------------------------------------------------------------------------------


def commands() -> str:
    """Return every command with its arguments and flags, as `--help` has them."""
    import typer

    from limelight.cli.commands import app

    lines: list[str] = []
    _describe(typer.main.get_command(app), "limelight", lines)
    return "\n".join(lines)


def _describe(command: Any, name: str, lines: list[str]) -> None:
    inner = getattr(command, "commands", {})
    if not inner:
        lines += [f"## `{name}`", "", _plain(command.help or ""), ""]
        if command.epilog:
            lines += ["```console", f"$ {command.epilog.removeprefix('Example:').strip()}", "```", ""]
        rows = [_row(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
        if rows:
            lines += ["| argument or flag | what it says |", "| --- | --- |", *rows, ""]
    for each in inner.values():
        _describe(each, f"{name} {each.name}", lines)


def _row(parameter: Any) -> str:
    names = [*parameter.opts, *parameter.secondary_opts] if parameter.param_type_name == "option" else [parameter.name]
    written = ", ".join(f"`{name}`" for name in names)
    said = _plain(getattr(parameter, "help", None) or "").replace("|", "\\|")
    default = parameter.default
    if default not in (None, False, ()) and not callable(default) and "Ellipsis" not in repr(default):
        said += f" Default: `{default}`."
    return f"| {written} | {said} |"


def _plain(text: str) -> str:
    return " ".join(re.sub(r"\[/?(?:bold|dim|cyan|green|italic)\]", "", text).split())


# -- the columns of a job's parts -------------------------------------------------------------------------------------


def columns() -> str:
    """Return what each column of a job's parts holds, as the code that writes them says."""
    from limelight.result.parts import COLUMNS, VERSION

    rows = [f"| `{name}` | {kind.replace('<', '&lt;')} | {said} |" for name, (kind, said) in COLUMNS.items()]
    return "\n".join(
        [f"Version {VERSION} of the columns:", "", "| column | type | what it holds |", "| --- | --- | --- |", *rows]
    )
