"""ci/check-man: says what is wrong with a page, and what pages promise each other in vain."""

import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = """.Dd November 22, 2026
.Dt {title}
.Os
.Sh NAME
.Nm {name}
.Nd something
.Sh DESCRIPTION
{text}
"""


def check(folder, *pages):
    """Findings about pages, each (file, title, name, text)."""
    paths = []
    for file, title, name, text in pages:
        path = folder / f"man{file[-1]}" / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(PAGE.format(title=title, name=name, text=text))
        paths.append(str(path))
    result = subprocess.run([os.path.join(TOP, "ci/check-man"), *paths], capture_output=True,
                            text=True, check=False)
    assert result.returncode == (1 if result.stdout else 0), result.stderr
    return result.stdout


def test_sound_pages(tmp_path):
    assert check(tmp_path, ("one.4", "ONE 4", "one", "See\n.Xr two 7 ."),
                 ("two.7", "TWO 7", "two", "See\n.Pq Xr man 1 .")) == ""


def test_lint(tmp_path):
    assert "one.4:8" in check(tmp_path, ("one.4", "ONE 4", "one", ".Nonsense"))


def test_titles_and_names(tmp_path):
    assert "no title '.Dt ONE 4'" in check(tmp_path, ("one.4", "OTHER 4", "one", "Text."))
    assert "does not name one" in check(tmp_path, ("one.4", "ONE 4", "other", "Text."))
    said = check(tmp_path, ("one.4", "ONE 4", "one", "Text."),
                 ("two.4", "TWO 4", "two ,\n.Nm one", "Text."))
    assert "two.4: one is described by" in said


def test_references(tmp_path):
    said = check(tmp_path, ("one.4", "ONE 4", "one", "See\n.Xr two 7 and\n.Pq Xr three 1 ."))
    assert "refers to two.7" in said and "refers to three.1" in said
