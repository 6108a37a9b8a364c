"""The page of a watched run, in a real browser."""

import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: make test-clients"
)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
PER_SECOND = 1000

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: make browser"),
]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


@pytest.fixture
def visit(browser):
    """Open the page while a context lasts; what it asks of others or complains about is a failure.

    It is left before its server goes: a browser complains about a line that is cut.
    """
    context = browser.new_context(viewport={"width": 1000, "height": 1100})
    page = context.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    @contextmanager
    def visit(url):
        page.goto(url)
        yield page
        page.goto("about:blank")
        assert all(asked_for.startswith((url, "data:", "about:")) for asked_for in asked)
        assert complaints == []

    yield visit
    context.close()


def says(page, place, text):
    page.wait_for_function(
        "([place, text]) => document.getElementById(place).textContent === text",
        arg=[place, text], timeout=60_000,
    )  # fmt: skip


def test_a_running_search_is_followed(search, serving, visit):
    with serving(search.folder) as url, visit(url) as page:
        says(page, "status", "running")
        search.evaluate(0, 0.25)
        search.evaluate(0, 0.5)
        search.end(0, [0.25, 0.5])
        says(page, "best", "0.500")
        says(page, "iteration", "0 of 3")
        says(page, "saved", "75 %")
        assert page.locator("#graph .node").count() == 2
        assert "friends" in page.locator("#graph").inner_text()
        label = page.locator("#chart-swarm-of-graphs").get_attribute("aria-label")
        assert label == "swarm of graphs: 2 points from 0.250 to 0.500"


def test_a_thousand_events_a_second_all_arrive(search, serving, visit):
    pause = threading.Event()
    with serving(search.folder) as url, visit(url) as page:
        says(page, "status", "running")
        for part in range(20):
            search.evaluate(part // 4, 0.5 + part / 100, times=PER_SECOND // 10)
            pause.wait(0.1)
        says(page, "tried", "2,000")
        says(page, "best", "0.690")


def test_a_finished_run_is_shown_by_the_same_page(finished_run, serving, visit):
    with serving(finished_run) as url, visit(url) as page:
        says(page, "status", "finished")
        assert page.locator("#systems tr").count() == 4
        assert page.locator("#systems tr").first.inner_text().startswith("found system")
        assert page.locator("#graph .node").count() == 10
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "watch.png", full_page=True)
