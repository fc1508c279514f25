"""The page: what is in it, and in a real browser what it does when it is clicked."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import hostile
import numpy as np
import pytest
from generate import random_case

import glevel_fast as gl
from glevel_fast.cli.main import main
from glevel_fast.errors import MissingExtraError

pytest.importorskip("jinja2", reason="the extra `report` is not installed")
pytest.importorskip("itables", reason="the extra `report` is not installed")

from glevel_fast.report.page import page, read_intervals, write_site

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
DRIVER = shutil.which("chromedriver")
MAX_BYTES = 5_000_000


@pytest.fixture(scope="module")
def paper():
    return gl.Scorer(gl.published.benchmark()).score(gl.published.results())


def hostile_scores():
    """Hostile names of models, tasks, skills and metrics' spelling."""
    n = len(hostile.NAMES)
    bench = gl.Benchmark(
        hostile.NAMES, ("image",) * n, ("comprehension", "generation") * (n // 2), ("Acc",) * n, np.full(n, 40.0),
        skill=hostile.NAMES, specialist=hostile.NAMES,
    )  # fmt: skip
    raw = np.random.default_rng(1).uniform(2, 90, (n, n))
    return gl.Scorer(bench).score(raw, models=hostile.NAMES)


@pytest.fixture(scope="module")
def sites(tmp_path_factory, paper):
    folder = tmp_path_factory.mktemp("site")
    intervals = {"0": {"GPT4-o": (1, 4)}, "3": {"GPT4-o": (2, 5)}}
    return {
        "paper": write_site(folder / "paper", paper, date="2025-05-07", intervals=intervals),
        "hostile": write_site(folder / "hostile", hostile_scores(), title=hostile.END),
    }


def test_self_contained_and_the_same_each_time(paper):
    text = page(paper)
    assert text == page(paper)
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!data:,")[^"]*', markup)
    assert "@import" not in text
    assert not re.findall(r"url\((?!data:)", text)
    assert paper.benchmark.sha256 in markup
    assert "lower bounds" in markup  # the notes
    assert markup.count("<tr>") > 2 * len(paper)  # board and heat map are there without JavaScript


def test_size_of_100_models_and_702_tasks():
    bench, raw = random_case(100, 702, 1, missing=0.0)
    skill = tuple(
        f"{m} {p} skill {i % 16}" for i, (m, p) in enumerate(zip(bench.modality, bench.paradigm, strict=True))
    )
    tasks = tuple(f"A task with a name of usual length, number {i}" for i in range(702))
    bench = gl.Benchmark(tasks, bench.modality, bench.paradigm, bench.metric, bench.sota, skill=skill)
    text = page(gl.Scorer(bench).score(raw, models=[f"Some-Model-{i}B-Instruct" for i in range(100)]))
    assert len(text.encode()) < MAX_BYTES


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


def test_missing_extra_is_named(paper, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "itables", None)
    with pytest.raises(MissingExtraError, match=r"glevel-fast\[report\]"):
        page(paper)


def test_hostile_names_in_the_source(sites):
    text = Path(sites["hostile"]).read_text(encoding="utf-8")
    markup = re.sub(r"<(script|style)\b[^>]*>.*?</\1>", "", text, flags=re.DOTALL)
    assert "<script>" not in markup
    assert "<img" not in markup
    assert text.count("</script>") == 3
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
    """Texts of a column by its title."""
    return browser.execute_script(
        "const t = document.getElementById(arguments[1]);"
        "const i = [...t.querySelectorAll('thead th')].findIndex((h) => h.textContent.trim() === arguments[0]);"
        "return i < 0 ? null : [...t.querySelectorAll('tbody tr')].map((r) => r.cells[i].textContent);",
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
    assert column(page, "Score") == [f"{x:.2f}" for x in board.score]
    assert column(page, "image") == [f"{x:.2f}" for x in board.parts["image"]]
    choose(page, "scope", "C:image/generation")
    assert column(page, "Rank interval") is None
    board = gl.board(paper, "C:image/generation", 3)
    assert column(page, "Rank") == [str(rank or "-") for rank in board.rank]
    shown = dict(zip(column(page, "Model"), column(page, "Coverage %"), strict=True))
    assert shown == {m: f"{100 * x:.1f}" for m, x in zip(board.models, board.coverage, strict=True)}
    levels = page.execute_script("return [...document.getElementById('level').options].map((o) => o.textContent)")
    assert levels == ["combined", "Level-2", "Level-3"]
    choose(page, "scope", "D:image comprehension 17")
    assert "Scope D:image comprehension 17" in page.find_element("id", "about").text


def test_sorting_by_click_and_by_key(visit, sites):
    from selenium.webdriver.common.keys import Keys

    page = visit(sites["paper"])

    def press_key(th):
        th.find_element("css selector", "[tabindex='0']").send_keys(Keys.ENTER)

    for title, press in (("Wins", lambda th: th.click()), ("Score", press_key)):
        values = [float(x) for x in column(page, title)]
        for expected in (sorted(values), sorted(values, reverse=True)):
            press(head(page, title))
            # the table sorts once the event is over
            wait(lambda title=title, expected=expected: [float(x) for x in column(page, title)] == expected)
    head(page, "Model").click()
    names = sorted(name.lower() for name in column(page, "Model"))
    wait(lambda: [name.lower() for name in column(page, "Model")] == names)


def test_filtering(visit, sites, paper):
    page = visit(sites["paper"])
    box = page.find_element("css selector", ".dt-search input")
    box.send_keys("qwen")
    found = column(page, "Model")
    assert sorted(found) == sorted(name for name in paper.models if "qwen" in name.lower())


def test_receipt_is_one_click_away(visit, sites, paper):
    from selenium.webdriver.common.keys import Keys

    page = visit(sites["paper"])
    choose(page, "level", "Level-3")
    page.find_element("xpath", "//button[.='GPT4-o']").click()
    assert page.find_element("id", "receipt").is_displayed()
    receipt = paper.receipt("GPT4-o", 3)
    assert repr(receipt.score) in page.find_element("id", "receipt-sum").text
    assert column(page, "Task", "receipt-tasks")[0] == receipt.tasks[int(np.argmax(receipt.contribution))]
    assert column(page, "Task", "receipt-lacking") == [x.task for x in receipt.lacking]
    choose(page, "receipt-level", "Level-2")
    assert repr(paper.receipt("GPT4-o", 2).score) in page.find_element("id", "receipt-sum").text
    page.find_element("id", "receipt").send_keys(Keys.ESCAPE)
    until(page, "return !document.getElementById('receipt').open")
    # again, by keyboard alone
    page.find_element("xpath", "//button[.='Qwen2-VL-72B']").send_keys(Keys.ENTER)
    assert page.find_element("id", "receipt-title").text == "Receipt of Qwen2-VL-72B, Scope A"
    page.find_element("id", "close").click()
    until(page, "return !document.getElementById('receipt').open")


def test_heat_map_light_and_dark_phone_and_print(visit, sites):
    page = visit(sites["paper"])
    assert not page.find_element("css selector", "table.heat").is_displayed()
    page.find_element("tag name", "summary").click()
    assert page.find_element("css selector", "table.heat").is_displayed()
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = page.execute_script(ground)
    page.find_element("id", "theme").click()
    assert page.execute_script(ground) != light
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        assert page.execute_script("return document.documentElement.scrollWidth") <= 360
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
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


def test_hostile_names_in_a_browser(visit, sites):
    """No name runs, becomes an element, or reaches the network; every scope and receipt shows them as text."""
    page = visit(sites["hostile"])
    page.execute_script("window.alert = () => { window.alarm = true; }")
    shown = column(page, "Model")
    assert hostile.SCRIPT in shown
    foreign = "return document.querySelectorAll('main :is(img, a, script), dialog :is(img, a, script)').length"
    pick = "const s = document.getElementById('scope'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))"
    for i in range(page.execute_script("return document.getElementById('scope').options.length")):
        page.execute_script(pick, i)
        assert page.execute_script(foreign) == 0
    page.execute_script("document.querySelectorAll('button.model').forEach((button) => button.click())")
    assert hostile.IMAGE in column(page, "Task", "receipt-tasks")
    assert page.execute_script(foreign) == 0
    assert not page.execute_script("return window.alarm === true")
    fetched = page.execute_script("return performance.getEntriesByType('resource').map((r) => r.name)")
    assert [name for name in fetched if not name.startswith(("blob:", "data:"))] == []
