"""The page: what is in it, and in a real browser what it does when it is clicked."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import hostile
import numpy as np
import pytest
from generate import random_case

import glevel_fast as gl
from glevel_fast.boards.specialists import specialist_board
from glevel_fast.cli.main import main
from glevel_fast.errors import MissingExtraError
from glevel_fast.text import clean, points_text

pytest.importorskip("jinja2", reason="the extra `report` is not installed")

from glevel_fast.report.page import page, read_intervals, write_site

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
DRIVER = shutil.which("chromedriver")
MAX_BYTES = 5_000_000


@pytest.fixture(scope="module")
def paper():
    return gl.Scorer(gl.published.benchmark()).score(gl.published.results())


def hostile_scores():
    """Hostile names of models, tasks, skills, modalities, specialists and metrics."""
    n = len(hostile.NAMES)
    modality = (hostile.IMAGE, hostile.END, "a+b/c", hostile.SCRIPT)
    bench = gl.Benchmark(
        hostile.NAMES, tuple(modality[i // 2 % 4] for i in range(n)), ("comprehension", "generation") * (n // 2),
        tuple("Acc (<img src=x onerror=a>)" for i in range(n)), np.full(n, 40.0),
        skill=hostile.NAMES, specialist=hostile.NAMES,
    )  # fmt: skip
    raw = np.random.default_rng(1).uniform(2, 90, (n, n))
    return gl.Scorer(bench).score(raw, models=hostile.NAMES)


@pytest.fixture(scope="module")
def sites(tmp_path_factory, paper):
    folder = tmp_path_factory.mktemp("site")
    intervals = {"0": {"Vitron-V1": (1, 4)}, "3": {"Vitron-V1": (2, 5)}}
    return {
        "paper": write_site(folder / "paper", paper, date="2025-05-07", intervals=intervals),
        "hostile": write_site(
            folder / "hostile",
            hostile_scores(),
            title=hostile.IMAGE + hostile.END,
            date="2025-05-07",
            intervals={"0": dict.fromkeys(hostile.NAMES, (1, 4))},
        ),
    }


@pytest.fixture(scope="module")
def text(paper):
    return page(paper)


def test_self_contained_and_the_same_each_time(paper, text):
    assert text == page(paper)
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!data:,"|data:image/png;|#)[^"]*', markup)
    assert "@import" not in text
    assert not re.findall(r"url\((?!data:|#)", text)
    assert paper.benchmark.sha256 in markup
    assert "lower bounds" in markup  # the notes
    assert markup.index('id="ladder"') < markup.index('id="board"')
    drawn = int((paper.overall[:, 0] > 0).sum())
    assert markup.count("<svg") == 6 + drawn
    assert "<noscript><svg" in markup  # four models side by side
    assert markup.count("<tr>") > 2 * len(paper)  # board and heat map are there without JavaScript


class Parsed(HTMLParser):
    """Texts of the tables' rows, and of summaries and headings, by the id that they stand below."""

    def __init__(self, source):
        super().__init__()
        self.rows, self.below, self.cell = {}, "", False
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.below = (
            dict(attributes).get("id", self.below) if tag in ("div", "details", "section", "table") else self.below
        )
        if tag == "tr":
            self.rows.setdefault(self.below, []).append([])
        self.cell = tag in ("td", "th") or (self.cell and tag == "a")
        if tag in ("td", "th"):
            self.rows[self.below][-1].append("")

    def handle_endtag(self, tag):
        self.cell = self.cell and tag not in ("td", "th")

    def handle_data(self, data):
        if self.cell:
            self.rows[self.below][-1][-1] += data


def test_receipts_and_specialists_stand_there_without_the_script(paper, text):
    """With the digits of the command line, and a link from the board to each."""
    parsed = Parsed(text)
    combined = gl.board(paper, "A")
    for place in (0, 3, len(paper) - 1):
        receipt = paper.receipt(combined.models[place])
        columns = ["Task", "Group", "Raw", "Specialist's", "Points", "Win", "Contribution"]
        sheet, lacking = receipt.sheet(10).part(columns), receipt.lacking_sheet()
        expected = [columns, *map(list, sheet.rows)]
        if lacking.rows:
            expected += [list(lacking.header), *map(list, lacking.rows)]
        assert parsed.rows[f"receipt-{place}"] == expected
        assert f'<a href="#receipt-{place}">{combined.models[place]}</a>' in text
    specialists = specialist_board(paper).sheet()
    columns = parsed.rows["specialists"][0]
    assert {"Task", "Specialist", "σ", "Points", "Best model", "Margin", "Wins"} <= set(columns)
    rows = [[clean(cell) for cell in row] for row in specialists.part(columns).rows]
    assert parsed.rows["specialists"][1:] == rows


def test_a_receipts_window_shows_its_row_of_the_waterfalls(text):
    """The bar lies inside the part of the picture that is shown, and no other does."""
    windows = re.findall(r'<svg class="window" viewBox="([^"]*)".*?<use href="#(made-row\d+)"', text)
    assert len(windows) > 50
    for box, name in (windows[0], windows[40], windows[-1]):
        left, top, width, height = map(float, box.split())
        bar = text[text.index(f'id="{name}"') :]
        path = re.search(r'<path d="([^"]*)"', bar)[1]
        points = [float(x) for x in re.findall(r"-?[\d.]+", path)]
        assert all(left - 0.2 <= x <= left + width for x in points[::2])
        assert all(top <= y <= top + height for y in points[1::2])


def test_what_moved_since_an_earlier_board(tmp_path, capsys):
    """A bump chart, and the table behind it."""
    from glevel_fast.io import write
    from glevel_fast.trust import snapshot

    bench, raw = random_case(6, 60, 3, missing=0.1)
    names = [f"model {i}" for i in range(6)]
    old, new = (
        snapshot.take(gl.Scorer(bench).score(raw[rows], models=[names[i] for i in rows]), date=f"2025-05-0{day}")
        for day, rows in ((1, [0, 1, 2, 3]), (7, [5, 3, 1, 0]))
    )
    for name, content in (("old", old), ("new", new)):
        write.json(content, tmp_path / f"{name}.json")
    old_file, new_file, site = (str(tmp_path / name) for name in ("old.json", "new.json", "site"))
    assert main(["report", new_file, "-o", site, "--since", old_file, "--date", "2025-05-07", "-q"]) == 0
    text = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "<h2>What moved since 2025-05-01</h2>" in text
    assert 'aria-labelledby="moved-title moved-desc"' in text
    sheet = snapshot.diff_sheet(snapshot.diff(old, new))
    assert {row[5] for row in sheet.rows} >= {"new", "gone"}
    assert Parsed(text).rows["moved"] == [list(sheet.header), *map(list, sheet.rows)]
    assert main(["report", "-o", site, "--since", str(tmp_path / "none.json")]) == 1
    assert "none.json" in capsys.readouterr().err


def test_intervals_of_levels_stand_on_the_combined_board_too():
    bench, raw = random_case(3, 60, 3, missing=0.1)
    scores = gl.Scorer(bench).score(raw, models=["a", "b", "c"])
    k = int(scores.level[1])
    assert k > 2
    rows = Parsed(page(scores, intervals={str(k): {"b": (1, 2)}, "2": {"b": (2, 3)}})).rows["board"]
    place = rows[0].index("Rank interval at its level")
    assert {row[1]: row[place] for row in rows[1:]} == {"a": "-", "b": "1 to 2", "c": "-"}


def test_size_of_100_models_and_702_tasks():
    bench, raw = random_case(100, 702, 1, missing=0.0)
    skill = tuple(
        f"{m} {p} skill {i % 16}" for i, (m, p) in enumerate(zip(bench.modality, bench.paradigm, strict=True))
    )
    tasks = tuple(f"A task with a name of usual length, number {i}" for i in range(702))
    bench = gl.Benchmark(tasks, bench.modality, bench.paradigm, bench.metric, bench.sota, skill=skill)
    text = page(gl.Scorer(bench).score(raw, models=[f"Some-Model-{i}B-Instruct" for i in range(100)]))
    assert len(text.encode()) < MAX_BYTES


def test_a_page_leaves_no_figure_to_the_notebook_it_is_made_in(paper):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    mine = pyplot.figure()
    page(paper)
    assert pyplot.get_fignums() == [mine.number]
    pyplot.close(mine)


def test_no_results_no_skills():
    bench, raw = random_case(3, 12, 1)
    text = page(gl.Scorer(bench).score(raw))
    assert "3 models in" in text
    assert "groups" in text
    assert page(gl.Scorer(bench).score(raw[:0]))


def test_intervals(paper, tmp_path):
    with pytest.raises(gl.ResultsError, match="no model 'nobody'"):
        page(paper, intervals={"0": {"nobody": (1, 2)}})
    with pytest.raises(gl.ResultsError, match="5 to 2"):
        page(paper, intervals={"0": {"GPT4-o": (5, 2)}})
    path = tmp_path / "i.csv"
    path.write_text("model,low,high,level\nGPT4-o,1,4,\nGPT4-V,2,6,3\n", encoding="utf-8")
    assert read_intervals(path) == {"0": {"GPT4-o": (1, 4)}, "3": {"GPT4-V": (2, 6)}}
    for bad in ("model,low\nx,1\n", "model,low,high\nx,1.5,2\n", "model,low,high\nx,-,2\n"):
        path.write_text(bad, encoding="utf-8")
        with pytest.raises(gl.ResultsError):
            read_intervals(path)


def test_the_date_is_a_date(paper):
    for date in (hostile.SCRIPT, "2025-13-01", "1 May"):
        with pytest.raises(gl.GLevelError, match="YYYY-MM-DD"):
            page(paper, date=date)


def test_the_security_policy_names_what_runs_by_its_hash(text):
    import base64
    import hashlib

    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    policy = policy.replace("&#39;", "'")
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    for tag in ('<script type="module">', "<style>"):
        (body,) = re.findall(re.escape(tag) + r"(.*?)</", text, flags=re.DOTALL)
        assert f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'" in policy
    markup = re.sub(r"<(script|style)\b[^>]*>.*?</\1>", "", text, flags=re.DOTALL)
    assert not re.findall(r"<[^>]*\s(?:style|on\w+)=", markup)


def test_missing_extra_is_named(paper, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"glevel-fast\[report\]"):
        page(paper)


def test_hostile_names_in_the_source(sites):
    text = Path(sites["hostile"]).read_text(encoding="utf-8")
    markup = re.sub(r"<(script|style)\b[^>]*>.*?</\1>", "", text, flags=re.DOTALL)
    assert "<script>" not in markup
    assert "<img" not in markup
    assert "&lt;img src=x onerror=alert(1)&gt;</text>" in markup  # in a picture
    assert text.count("</script>") == 2
    assert text.count("</style>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in markup
    assert "\u202e" not in text
    assert "n" * 100 not in markup


def test_command(tmp_path, capsys):
    out = tmp_path / "a" / "site"
    assert main(["report", "-o", str(out), "--title", "Ours"]) == 0
    assert "<title>Ours</title>" in (out / "index.html").read_text(encoding="utf-8")
    (tmp_path / "file").write_text("x")
    assert main(["report", "-o", str(tmp_path / "file")]) == 1
    assert "folder" in capsys.readouterr().err


# In a browser -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if not CHROMIUM or not DRIVER:
        pytest.skip("no chromium with chromedriver is installed")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "window-size=1400,900"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def visit(browser):
    """Opens a page and waits for it; at the end no error may stand in the console."""

    def go(path):
        browser.get(Path(path).as_uri())
        until(browser, "return document.documentElement.dataset.ready === 'yes'")
        return browser

    yield go
    assert browser.get_log("browser") == []


def until(browser, script):
    wait(lambda: browser.execute_script(script))


def wait(condition):
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(None, 10, 0.02).until(lambda _: condition())


def column(browser, title, table="board"):
    """Texts of a shown column by its title."""
    return browser.execute_script(
        "const t = document.getElementById(arguments[1]);"
        "const shown = (h) => h.textContent.trim() === arguments[0] && getComputedStyle(h).display !== 'none';"
        "const i = [...t.querySelectorAll('thead th')].findIndex(shown);"
        "const rows = [...t.querySelectorAll('tbody tr')].filter((r) => r.cells[i]);"
        "return i < 0 ? null : rows.map((r) => r.cells[i].textContent);",
        title,
        table,
    )


def choose(browser, select, text):
    from selenium.webdriver.support.ui import Select

    Select(browser.find_element("id", select)).select_by_visible_text(text)


def head(browser, title, table="board"):
    return browser.find_element("xpath", f"//table[@id='{table}']//th[normalize-space(.)='{title}']")


def test_board_is_the_combined_one_and_changes_with_scope_and_level(visit, sites, paper):
    page = visit(sites["paper"])
    assert column(page, "Model") == list(gl.board(paper, "A").models)
    assert column(page, "Rank interval")[1] == "1 to 4"
    choose(page, "level", "Level-3")
    board = gl.board(paper, "A", 3)
    score = [points_text(x, b) for x, b in zip(board.score, board.lower_bound, strict=True)]
    ranked = int((board.rank > 0).sum())  # the others have no order
    assert column(page, "Model")[:ranked] == list(board.models[:ranked])
    assert dict(zip(column(page, "Model"), column(page, "Score"), strict=True)) == dict(
        zip(board.models, score, strict=True)
    )
    image = zip(board.parts["image"], board.part_bounds["image"], strict=True)
    assert column(page, "image")[:ranked] == [points_text(x, b) for x, b in image][:ranked]
    choose(page, "scope", "C:image/generation")
    assert column(page, "Rank interval") is None
    board = gl.board(paper, "C:image/generation", 3)
    assert column(page, "Rank") == [str(rank or "-") for rank in board.rank]
    shown = dict(zip(column(page, "Model"), column(page, "Coverage %"), strict=True))
    assert shown == {m: f"{100 * x:.1f}" for m, x in zip(board.models, board.coverage, strict=True)}
    levels = page.execute_script("return [...document.getElementById('level').options].map((o) => o.textContent)")
    assert levels == ["combined", "Level-2", "Level-3", "Level-1: specialists"]
    choose(page, "scope", "D:Crack Detection")
    assert "Scope D:Crack Detection" in page.find_element("id", "about").text


def test_lower_bounds_are_marked_wherever_a_score_stands(visit, tmp_path):
    bench, raw = random_case(5, 60, 3, missing=0.1)
    unknown = np.zeros(raw.shape, bool)
    unknown[1, np.flatnonzero(bench.group_of_task < 2)[0]] = True
    raw[unknown] = np.nan
    results = replace(gl.Results.from_array(tuple("abcde"), raw, bench), unknown=unknown)
    scores = gl.Scorer(bench).score(results)
    path = write_site(tmp_path, scores)
    source = Path(path).read_text(encoding="utf-8")
    assert "some inputs of 1 of 5 models" in source
    assert source.index('role="note"') < source.index('id="ladder"')
    page = visit(path)
    for scope, level in (("A", "combined"), ("A", "Level-2"), ("B:image", "Level-3"), ("B:video", "Level-2")):
        choose(page, "scope", scope)
        choose(page, "level", level)
        board = gl.board(scores, scope, None if level == "combined" else int(level[-1]))
        assert column(page, "Score") == [points_text(*x) for x in zip(board.score, board.lower_bound, strict=True)]
        assert any("≥" in text for text in column(page, "Score")) == (scope != "B:video")
    choose(page, "scope", "A")
    choose(page, "level", "combined")
    marked = [text.startswith("≥") for text in column(page, "image S2")]
    assert marked == [name == "b" for name in column(page, "Model")]
    assert not any(text.startswith("≥") for text in column(page, "video S2"))


def test_the_board_of_the_specialists(visit, sites, paper):
    page = visit(sites["paper"])
    scope = "C:video/generation"
    choose(page, "scope", scope)
    choose(page, "level", "Level-1: specialists")
    sheet = specialist_board(paper, scope).sheet()
    for title in ("Task", "Specialist", "σ", "Best model", "Best", "Margin", "Wins", "Supported"):
        place = sheet.header.index(title)
        expected = [row[place] for row in sheet.rows]
        got = column(page, title)
        if title == "Task":  # shown no longer than a name
            expected, got = ([name.rstrip("…")[:70] for name in names] for names in (expected, got))
        assert got == expected, title
    wait(lambda: "level=1" in page.current_url)


def test_columns_that_say_nothing_step_back(visit, sites):
    page = visit(sites["paper"])
    assert column(page, "S4") is None
    assert column(page, "Paradigm") is None
    page.find_element("id", "more").click()
    assert set(column(page, "Paradigm")) <= {"C", "G", "C+G", "-"}
    assert column(page, "S5") is not None


def number(text):
    return float(text.removeprefix("≥"))


def test_sorting_by_click_and_by_key(visit, sites):
    from selenium.webdriver.common.keys import Keys

    page = visit(sites["paper"])

    def button(title):
        return head(page, title).find_element("tag name", "button")

    for title, press in (("Wins", lambda b: b.click()), ("Score", lambda b: b.send_keys(Keys.ENTER))):
        values = [number(x) for x in column(page, title)]
        for expected in (sorted(values, reverse=True), sorted(values)):  # the best first
            press(button(title))
            assert [number(x) for x in column(page, title)] == expected
        assert head(page, title).get_attribute("aria-sort") == "ascending"
    button("Model").click()
    names = [name.lower() for name in column(page, "Model")]
    assert names[0] < names[-1]


def test_what_is_shown_stands_in_the_address(visit, sites, paper):
    page = visit(sites["paper"])
    choose(page, "scope", "B:image")
    choose(page, "level", "Level-3")
    page.find_element("id", "filter").send_keys("qwen")
    head(page, "Wins").find_element("tag name", "button").click()
    shown = column(page, "Model")
    assert sorted(shown) == sorted(name for name in paper.models if "qwen" in name.lower())
    wait(lambda: "sort=Wins" in page.current_url)
    address = page.current_url
    assert "level=3" in address
    page.get("about:blank")
    page.get(address)
    until(page, "return document.documentElement.dataset.ready === 'yes'")
    assert column(page, "Model") == shown
    assert page.find_element("id", "filter").get_attribute("value") == "qwen"
    assert head(page, "Wins").get_attribute("aria-sort") == "descending"


def test_the_table_that_is_shown_can_be_downloaded(visit, sites, tmp_path):
    import csv

    page = visit(sites["hostile"])
    page.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    page.find_element("id", "download").click()
    wait(lambda: (tmp_path / "board.csv").exists() and (tmp_path / "board.csv").stat().st_size > 0)
    with open(tmp_path / "board.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:4] == ["Rank", "Model", "Level", "Score"]
    assert len(rows) == 1 + len(hostile.NAMES)
    assert {row[1].lstrip("'") for row in rows[1:]} == set(column(page, "Model"))
    for cell in (cell for row in rows for cell in row):
        assert cell.lstrip()[:1] not in set("=+@\t")


def test_citation(visit, sites, paper):
    page = visit(sites["paper"])
    page.find_element("id", "cite").click()
    text = page.find_element("id", "citation-text").get_attribute("value")
    assert paper.benchmark.sha256 in text
    assert "year = {2025}" in text


@pytest.mark.parametrize("scope", ["A", "B:image", "C:image/comprehension", "D:Object Counting"])
def test_receipts_have_the_digits_of_the_command_line(visit, sites, paper, scope):
    from selenium.webdriver.common.keys import Keys

    page = visit(sites["paper"])
    choose(page, "scope", scope)
    model = "GPT4-o"
    page.find_element("xpath", f"//button[.='{model}']").click()
    for level in (2, 3):
        choose(page, "receipt-level", f"Level-{level}")
        receipt = paper.receipt(model, level, scope)
        assert page.find_element("id", "receipt-sum").text.startswith(f"Level-{level} of {_number(receipt.score)}:")
        sheet = receipt.sheet()
        rows = list(sheet.rows[:-1])[:50]
        for title in ("Task", "Contribution", "Raw", "Points", "Specialist's", "Win", "Metric", "Group"):
            expected = [row[sheet.header.index(title)] for row in rows]
            got = column(page, title, "receipt-tasks")[: len(rows)]
            assert sorted(got) == sorted(expected), title
        contributions = [row[sheet.header.index("Contribution")] for row in rows]
        assert column(page, "Contribution", "receipt-tasks")[: len(rows)] == contributions
        lacking = receipt.lacking_sheet()
        for title in ("Task", "Gain", "Points below"):
            expected = [row[lacking.header.index(title)] for row in lacking.rows]
            assert column(page, title, "receipt-lacking") == (
                expected or ["None: every supported task is won, or none is supported"][: title == "Task"]
            )
    page.find_element("id", "receipt").send_keys(Keys.ESCAPE)
    until(page, "return !document.getElementById('receipt').open")


def _number(value):
    return str(int(value)) if value.is_integer() else repr(value)


def test_receipts_of_high_levels(visit, tmp_path):
    """At Level-4 and 5 a task's share hangs on all others."""
    bench, raw = random_case(4, 60, 3, missing=0.0)
    scores = gl.Scorer(bench).score(raw * 0 + np.where(np.isnan(bench.sota), 1.0, bench.sota))
    assert scores.level.tolist() == [5] * 4
    page = visit(write_site(tmp_path, scores))
    for scope, level in (("A", 5), ("A", 4), (f"B:{scores.modalities[0]}", 4)):
        choose(page, "scope", scope)
        page.find_element("css selector", "button.model").click()
        choose(page, "receipt-level", f"Level-{level}")
        sheet = scores.receipt(scores.models[0], level, scope).sheet()
        expected = [row[-1] for row in sheet.rows[:-1]][:50]
        assert column(page, "Contribution", "receipt-tasks")[: len(expected)] == expected
        page.find_element("id", "close").click()


def test_near_ties_are_told_apart(visit, tmp_path):
    bench = gl.load_benchmark(
        {"task": ["a", "b"], "modality": ["image"] * 2, "paradigm": ["comprehension"] * 2, "metric": ["Acc"] * 2,
         "sota": [78.1, 50.25]}
    )  # fmt: skip
    scores = gl.Scorer(bench).score({"M": {"a": 78.09999999999998, "b": 50.25}})
    page = visit(write_site(tmp_path, scores))
    page.find_element("css selector", "button.model").click()
    assert sorted(column(page, "Raw", "receipt-tasks")) == ["50.25", "78.09999999999998"]
    assert sorted(column(page, "Specialist's", "receipt-tasks")) == ["50.25", "78.1"]


def test_receipt_by_keyboard(visit, sites):
    from selenium.webdriver.common.keys import Keys

    page = visit(sites["paper"])
    page.find_element("xpath", "//button[.='Qwen2-VL-72B']").send_keys(Keys.ENTER)
    assert page.find_element("id", "receipt-title").text == "Receipt of Qwen2-VL-72B, Scope A"
    wait(lambda: "model=Qwen2-VL-72B" in page.current_url)
    page.find_element("id", "close").click()
    until(page, "return !document.getElementById('receipt').open")


def test_side_by_side(visit, sites, paper):
    from selenium.webdriver.support.ui import Select

    page = visit(sites["paper"])
    names = "return [...document.querySelectorAll('.panel:first-child tbody th')].map((c) => c.textContent)"
    assert page.execute_script(names) == list(gl.board(paper, "A").models[:4])
    first = page.find_element("css selector", "#pickers select")
    Select(first).select_by_visible_text("GPT4-o")
    assert page.execute_script(names)[0] == "GPT4-o"
    shown = page.execute_script(
        "const cells = [...document.querySelectorAll('.panel tbody tr:first-child td:nth-child(3)')];"
        "return cells.map((cell) => cell.textContent)"
    )
    assert shown == [f"{x:.2f}" for x in paper.modality[paper.row("GPT4-o"), :, 0]]
    wait(lambda: "compare=GPT4-o" in page.current_url)


# The widest that the page gets over scopes of each kind; the board itself too, where asked for.
WIDEST = """
const scope = document.getElementById('scope'), place = document.getElementById('board').parentElement;
const widths = [...scope.options].slice(0, 20).map((option) => {
  scope.value = option.value;
  scope.dispatchEvent(new Event('change'));
  const wide = place.scrollWidth > place.clientWidth ? 1e6 : 0;
  return Math.max(document.documentElement.scrollWidth, arguments[0] ? wide : 0);
});
return Math.max(...widths);
"""


@pytest.mark.parametrize("site", ["paper", "hostile"])
def test_fits_a_screen_and_a_phone(visit, sites, site):
    page = visit(sites[site])
    for width in (1440, 390):
        page.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 840, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        try:
            assert page.execute_script(WIDEST, width > 600) <= width
        finally:
            page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_heat_map_light_and_dark_and_print(visit, sites):
    page = visit(sites["paper"])
    assert not page.find_element("css selector", "table.heat").is_displayed()
    page.find_element("tag name", "summary").click()
    assert page.find_element("css selector", "table.heat").is_displayed()
    page.execute_script("document.querySelector('#heat .wide').scrollTop = 300")
    gap = (
        "const [head, place] = ['table.heat thead', '#heat .wide'].map((s) => document.querySelector(s));"
        "return Math.abs(head.getBoundingClientRect().top - place.getBoundingClientRect().top) < 2"
    )
    until(page, gap)
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = page.execute_script(ground)
    page.find_element("id", "theme").click()
    assert page.execute_script(ground) != light
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not page.find_element("id", "controls").is_displayed()
        assert page.find_element("id", "board").is_displayed()
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_follows_the_system_theme(visit, sites, browser):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    )
    try:
        page = visit(sites["paper"])
        assert page.execute_script("return document.documentElement.classList.contains('dark')")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


# Uses every control, and collects which elements and attributes there are on the way: of names, none may come.
EVERY_CONTROL = """
const at = (id) => document.getElementById(id), found = new Set();
const look = (inside = '#board, #about, #controls, #panels, #pickers, dialog') => {
  for (const place of document.querySelectorAll(inside))
    for (const element of [place, ...place.querySelectorAll('*')]) {
      found.add(element.localName);
      for (const attribute of element.attributes) found.add(`${element.localName} ${attribute.name}`);
    }
};
const set = (element, value) => {
  element.value = value;
  element.dispatchEvent(new Event(element.localName === 'input' ? 'input' : 'change'));
  look();
};
const each = (select, then) => [...select.options].forEach((option) => (set(select, option.value), then && then()));
const all = (selector) => [...document.querySelectorAll(selector)];
look('html');
at('more').click();
each(at('scope'), () => each(at('level')));
set(at('scope'), '0');
all('#board thead button').forEach((_, i) => (all('#board thead button')[i].click(), look()));
for (const text of ['<img', 'name', 'no such', '']) set(at('filter'), text);
all('#pickers select').forEach((select) => each(select));
for (const scope of ['0', '1', String(at('scope').options.length - 1)]) {
  set(at('scope'), scope);
  for (const button of all('button.model')) {
    button.click();
    each(at('receipt-level'));
    all('#receipt thead button').forEach((_, i) => (all('#receipt thead button')[i].click(), look()));
    at('close').click();
  }
}
all('summary').forEach((summary) => summary.click());
at('cite').click();
at('theme').click();
look('html');
return [...found].sort();
"""


def test_hostile_names_through_every_control(visit, sites, tmp_path):
    """No name runs, becomes an element or an attribute, or reaches the network: each is shown as text."""
    tame = visit(write_site(tmp_path, tame_scores(), date="2025-05-07", intervals={"0": {"model 0": (1, 2)}}))
    expected = set(tame.execute_script(EVERY_CONTROL))
    assert {"table", "button type", "option value"} < expected
    page = visit(sites["hostile"])
    page.execute_script("window.alert = () => { window.alarm = true; }")
    assert hostile.SCRIPT in column(page, "Model")
    assert set(page.execute_script(EVERY_CONTROL)) <= expected
    texts = page.execute_script("return document.documentElement.textContent")
    for name in (hostile.SCRIPT, hostile.IMAGE, hostile.END, hostile.ENTITY):
        assert name in texts
    assert not page.execute_script("return window.alarm === true")
    fetched = page.execute_script("return performance.getEntriesByType('resource').map((r) => r.name)")
    assert [name for name in fetched if not name.startswith(("blob:", "data:"))] == []


def tame_scores():
    """As many models, tasks, skills and modalities as the hostile ones."""
    n = len(hostile.NAMES)
    names = tuple(f"name {i}" for i in range(n))
    bench = gl.Benchmark(
        names, tuple("abcd"[i // 2 % 4] for i in range(n)), ("comprehension", "generation") * (n // 2), ("Acc",) * n,
        np.full(n, 40.0), skill=names, specialist=names,
    )  # fmt: skip
    raw = np.random.default_rng(1).uniform(2, 90, (n, n))
    return gl.Scorer(bench).score(raw)


def test_an_address_cannot_bring_markup(visit, sites):
    from urllib.parse import quote

    page = visit(sites["hostile"])
    shape = set(page.execute_script(EVERY_CONTROL))
    page = visit(sites["hostile"])
    markup = "<img src=q onerror=alert(2)>"
    bad = quote(markup)
    page.get("about:blank")
    page.get(
        f"{Path(sites['hostile']).as_uri()}#scope={bad}&level={bad}&filter={bad}&sort={bad}&model={bad}&compare={bad}"
    )
    until(page, "return document.documentElement.dataset.ready === 'yes'")
    assert page.find_element("id", "filter").get_attribute("value") == markup
    assert not column(page, "Score")
    assert "Scope A, combined" in page.find_element("id", "about").text
    assert set(page.execute_script(EVERY_CONTROL)) <= shape


def test_the_security_policy_holds(visit, sites, browser):
    """What gets in all the same neither becomes markup nor runs."""
    page = visit(sites["paper"])
    page.execute_script(
        "window.against = [];"
        "document.addEventListener('securitypolicyviolation', (e) => against.push(e.effectiveDirective))"
    )
    attempts = {
        "markup": "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = true\">')",
        "script": "const s = document.createElement('script'); s.text = 'window.ran = true'; document.body.append(s)",
        "attribute": "document.body.setAttribute('onclick', 'window.ran = true'); document.body.click()",
    }
    for what, attempt in attempts.items():
        refused = page.execute_script(f"try {{ {attempt}; return false }} catch (e) {{ return e.name }}")
        assert refused == "TypeError" or what == "attribute", what
    assert not page.execute_script("return window.ran === true")
    assert page.execute_script("return document.querySelectorAll('body img').length") == 0
    until(page, "return window.against.includes('require-trusted-types-for')")
    browser.get_log("browser")  # what was refused stands there; no other test leaves anything


def test_axe_finds_nothing(visit, sites):
    """The rules of axe-core, on the first screen, the specialists, a receipt, and in the dark."""
    axe = pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    source = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page = visit(sites["hostile"])
    page.execute_script(source)
    run = (
        "const done = arguments[0];"
        "axe.run().then((r) => done([r.passes.length, r.violations.map((v) => [v.id, v.nodes.map((n) => n.html)])]))"
    )
    steps = (
        "",
        "document.getElementById('theme').click(); document.querySelector('button.model').click()",
    )
    for step in steps:
        page.execute_script(step)
        passes, violations = page.execute_async_script(run)
        assert passes > 15
        assert violations == []
