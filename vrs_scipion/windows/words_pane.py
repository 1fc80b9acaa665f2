"""What the report says of a check, in words, with its references."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PyQt5.QtWidgets import QTextBrowser, QWidget

from vrs_scipion.folders import TRACEBACK_FILE
from vrs_scipion.report.numbering import Paragraph
from vrs_scipion.windows.plots_pane import NO_FIGURE
from vrs_scipion.windows.results_folder import Item


class WordsPane(QTextBrowser):
    """Explanation, findings, warnings, engine and references of a check."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenExternalLinks(True)
        self.setAccessibleName("What was found, in words")

    def show_item(self, item: Item) -> None:
        """Show a check, or an input."""
        shown = item.section or item.given
        about = item.section.explanation if item.section is not None else ()
        warnings = shown.warnings if shown is not None else ()
        blocks = shown.blocks if shown is not None else ()
        tail = _provenance(item) if item.section is not None else ""
        found = [_words(block) for block in blocks if isinstance(block, Paragraph)]
        if shown is None:
            found = [item.reason]
        elif item.result is None:
            found = [NO_FIGURE]
        parts = [
            _part("Warnings", [f"! {text}" for text in warnings]),
            _part("What to look for" if item.given is not None else "What was found", found),
            _part("What is measured, and why", about),
            tail,
        ]
        self.setHtml("".join(parts))


def _words(paragraph: Paragraph) -> str:
    return "".join(part.text for part in paragraph.parts)


def _part(title: str, paragraphs: Sequence[str]) -> str:
    if not paragraphs:
        return ""
    return f"<h3>{title}</h3>" + "".join(f"<p>{escape(text)}</p>" for text in paragraphs)


def _provenance(item: Item) -> str:
    result = item.result
    assert result is not None
    arguments = "; ".join(f"{name} = {value}" for name, value in result.engine.arguments.items())
    lines = [
        f"{escape(result.engine.name)} {escape(result.engine.version)}"
        + (f" ({escape(arguments)})" if arguments else ""),
        f"{result.seconds:.1f} s",
    ]
    references = [
        f"{escape(reference.text)} <a href='https://doi.org/{escape(reference.doi)}'>"
        f"doi:{escape(reference.doi)}</a>"
        for reference in result.references
    ]
    told = "".join(f"<p>{line}</p>" for line in lines)
    cited = "".join(f"<p>{line}</p>" for line in references)
    return (
        f"<h3>Computed by</h3>{told}"
        + (f"<h3>References</h3>{cited}" if cited else "")
        + _traceback(item)
    )


def _traceback(item: Item) -> str:
    """What a check that crashed left for those who mend it."""
    log = item.folder / TRACEBACK_FILE
    if item.outcome != "failed" or not log.is_file():
        return ""
    text = escape(log.read_text(encoding="utf-8", errors="replace"))
    return f"<h3>Where it failed</h3><pre>{text}</pre>"
