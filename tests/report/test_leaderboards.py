"""The page of a registry: always of what is in it, and nothing on it that is nobody's business."""

import base64
import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from registries import HOUR, Clock
from submissions import TASKS, N, archive, new_board

from glevel_fast.errors import GLevelError
from glevel_fast.registry.intake import Intake
from glevel_fast.registry.store import Store
from glevel_fast.report.leaderboards import write_leaderboards


class Rows(HTMLParser):
    """The cells of every table's rows, as text."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.inside = [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside &= tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data


def everything(folder):
    """All that a visitor can get: the files, and what they hold compressed."""
    text = ""
    for path in sorted(Path(folder).rglob("*")):
        content = path.read_text("utf-8")
        text += content
        for packed in re.findall(r"H4sI[A-Za-z0-9+/=]{40,}", content):
            text += gzip.decompress(base64.b64decode(packed)).decode()
    return text


@pytest.fixture
def board(tmp_path):
    clock = Clock()
    with new_board(tmp_path, clock, title="A <b>board</b>") as store:
        said = {"description": "Write to ann@lab.org or Carl.Y@uni.edu <script>alert(1)</script>"}
        paths = [
            archive(tmp_path, {"see": 3, "paint": 3}, "Gen", email="Ann@Lab.org", **said),
            archive(
                tmp_path, dict.fromkeys(TASKS, N), "<img src=x>", email="bob@lab.org", report="https://lab.org/?a=1&b=2"
            ),
            archive(tmp_path, {"see": 1}, "Gen-i", "B.image", "carl.y@uni.edu"),
        ]
        taken = list(Intake(store).take(paths))
        assert [t.state for t in taken] == ["scored", "refused", "scored"]
        clock.at += 24 * HOUR
        again = archive(
            tmp_path, {"see": 4, "paint": 4}, "Gen", email="Ann@Lab.org", report="https://lab.org/?a=1&b=2", **said
        )
        assert next(Intake(store).take([again])).state == "scored"
        yield store


def write(store, folder):
    with Store(store.path) as reader:
        write_leaderboards(folder, reader)
    return (folder / "index.html").read_text("utf-8")


def test_columns_and_history(board, tmp_path):
    text = write(board, tmp_path / "site")
    rows = Rows(text).rows
    assert rows[0] == ["Rank", "Model", "Level", "Modalities", "image", "audio", "Total", "Submitted", "Submissions"]
    (best,) = [row for row in rows if row[1].startswith("Gen7B")]
    assert best[:1] + best[2:8] == ["1", "Level-4", "image", "100.00", "0.00", "50.00", "2026-01-06"]
    assert best[8] == "22026-01-06: Level-4, 50.00 (shown)2026-01-05: Level-4, 37.50"
    assert '<a href="https://lab.org/?a=1&amp;b=2" rel="nofollow noopener noreferrer">' in text
    assert '<section aria-labelledby="B.image">' in text
    assert "<title>A &lt;b&gt;board&lt;/b&gt;</title>" in text
    assert "<script" not in text


def test_the_page_is_of_what_is_in_it(board, tmp_path):
    write(board, tmp_path / "site")
    board.withdraw(3)
    board.withdraw(2)
    text = write(board, tmp_path / "site")
    assert "B.image" not in text
    (best,) = [row for row in Rows(text).rows if row[1].startswith("Gen7B")]
    assert best[6:] == ["37.50", "2026-01-05", "1"]
    (tmp_path / "site" / "mine.html").write_text("mine")
    board.withdraw(1)
    assert "No submissions yet." in write(board, tmp_path / "site")
    assert sorted(p.name for p in (tmp_path / "site").iterdir()) == ["index.html", "mine.html"]


def test_no_address_no_gold_no_sample_reaches_the_page(board, tmp_path):
    write(board, tmp_path / "site")
    text = everything(tmp_path / "site")
    assert "Gen" in text
    assert "(address withheld)" in text
    for email in ("ann@lab.org", "bob@lab.org", "carl.y@uni.edu", "@lab.org"):
        assert email not in text.casefold()
    assert "gold-" not in text
    ids = [key for k in board.kept() for both in board.samples(k.evaluation.event).values() for key in both[0]]
    assert ids
    for key in ids:
        assert key not in text
    for name in ("samples", "why", "email"):
        assert f'"{name}"' not in text


def test_gold_ids_and_addresses_are_in_no_log_of_values(board):
    """The log has addresses, for the maintainer; gold it never has, not of what was refused either."""
    assert "gold-" not in json.dumps([event.data for event in board.events()])


def test_details_are_those_of_the_board(board, tmp_path):
    write(board, tmp_path / "site")
    assert sorted(p.name for p in (tmp_path / "site").iterdir()) == ["A.details.html", "index.html"]
    details = (tmp_path / "site" / "A.details.html").read_text("utf-8")
    assert "Gen" in details
    assert "Gen-i" not in details  # it is on another board


def test_a_participants_text_is_never_markup(board, tmp_path, monkeypatch):
    from glevel_fast.registry.metadata import Metadata

    board._db.execute(
        "UPDATE submission SET model = ?, metadata = ?",
        (
            "<img src=x onerror=alert(1)>",
            json.dumps(
                Metadata(
                    model="<img src=x onerror=alert(1)>",
                    parameters="<b>",
                    description="</p><script>alert(1)</script>",
                    email="ann@lab.org",
                    report='https://x" onclick="alert(1)',
                ).to_dict()
            ),
        ),
    )
    text = write(board, tmp_path / "site")
    assert "<img" not in text
    assert "<script" not in text
    assert 'onclick="' not in text
    assert "default-src 'none'" in text


def test_a_folder_that_cannot_be_made(board, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GLevelError, match="cannot be made a folder"):
        write(board, tmp_path / "file")
