"""The page, in a real browser: ask, see the nodes light up, open one, read it."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: make test-clients"
)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
QUESTION = "What is the bell's owner's city?"
CHUNKS = ["ring's owner is Pia.", "bell's owner is Dirk."]

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: make browser"),
]

# What happens to the nodes, in order, as (node, state).
WATCH = """() => {
  window.seen = [];
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (target.matches(".node") && target.dataset.state) {
        window.seen.push([Number(target.dataset.node), target.dataset.state]);
      }
    }
  }).observe(document.body, { subtree: true, attributeFilter: ["data-state"] });
}"""

# The contrast of every text with what is behind it (WCAG 2, relative luminance).
CONTRASTS = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => numbers(colour).slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      if (element.matches("g.node")) return getComputedStyle(element.querySelector("rect")).fill;
      const colour = getComputedStyle(element).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const element of document.querySelectorAll("body *:not(script, svg, title, path, rect)")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const text = element.matches("text") ? style.fill : style.color;
    const [light, dark] = [luminance(text), luminance(behind(element))].sort((a, b) => b - a);
    found.push([element.tagName + " " + element.textContent.trim().slice(0, 30),
                (light + 0.05) / (dark + 0.05)]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


@pytest.fixture
def serve_aside(serving_aside):
    """Serve a pipeline from another thread until the test ends; return its address and loop."""
    with ExitStack() as stack:
        yield lambda pipeline, **options: stack.enter_context(serving_aside(pipeline, **options))


@pytest.fixture
def visit(browser):
    """Open the page; whatever it asks of others, or complains about, fails the test."""
    contexts = []

    def visit(url, **options):
        context = browser.new_context(**options)
        page = context.new_page()
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        contexts.append((context, url, asked, complaints))
        page.goto(url)
        page.wait_for_selector("#nodes details")
        page.evaluate(WATCH)
        return page

    yield visit
    for context, url, asked, complaints in contexts:
        context.close()
        assert all(address.startswith((url, "data:")) for address in asked)
        assert [text for text in complaints if "status of 4" not in text] == []


def put(page, question=QUESTION, chunks=CHUNKS):
    page.get_by_text("Context").click()
    page.get_by_label("One chunk a line").fill("\n".join(chunks))
    page.get_by_label("Question").fill(question)
    page.get_by_role("button", name="Ask").click()


def answered(page):
    page.wait_for_selector("#answer[data-state]:not([aria-busy=true])")
    return page.locator("#answer").inner_text()


def test_one_asks_sees_the_nodes_light_up_and_reads_them(pipeline, serve_aside, visit):
    expected = pipeline.answer(QUESTION, context_chunks=CHUNKS)
    url, _ = serve_aside(pipeline)
    page = visit(url, viewport={"width": 1100, "height": 1400})
    put(page)

    assert answered(page) == expected.answer
    seen = page.evaluate("window.seen")
    assert [node for node, state in seen if state == "started"] == [1, 3, 0, 2]
    assert {node for node, state in seen if state == "ended"} == {0, 1, 2, 3}
    for node, parents in enumerate(pipeline.system.dag.parents):
        for parent in parents:
            assert seen.index([parent, "ended"]) < seen.index([node, "started"])

    assert page.locator("#node-0 .prompt").is_hidden()
    page.locator('#graph [data-node="0"]').click()
    assert page.locator("#node-0 .prompt").inner_text() == expected.turns[0].prompt
    assert page.locator("#node-0 .answer").inner_text() == expected.turns[0].completion.text
    assert "tokens" in page.locator("#cost").inner_text()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "page.png", full_page=True)


def test_the_keyboard_is_enough(pipeline, serve_aside, visit):
    url, _ = serve_aside(pipeline)
    page = visit(url)
    page.keyboard.type("What is Ada's pet?")  # the question has the focus
    page.keyboard.press("Control+Enter")
    assert answered(page)
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        if reached[-1] == "Open node 3, jobs":
            break
    page.keyboard.press("Enter")
    assert page.locator("#node-3 .prompt").is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    assert page.locator("#node-3 .prompt").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1100])
def test_it_can_be_read_at_any_width_by_day_and_by_night(
    scheme, width, pipeline, serve_aside, visit
):
    url, _ = serve_aside(pipeline)
    size = {"width": width, "height": 740}
    page = visit(url, color_scheme=scheme, viewport=size, reduced_motion="reduce")
    put(page)
    assert answered(page)
    page.locator("#node-1 summary").click()
    page.evaluate("document.querySelector('[data-node=\"3\"]').dataset.state = 'started'")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 15
    assert [pair for pair in contrasts if pair[1] < 4.5] == []
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert light == (scheme == "light")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"page-{scheme}-{width}.png", full_page=True)


def test_text_is_text_whatever_is_in_it(pipeline, serve_aside, visit):
    url, _ = serve_aside(pipeline)
    page = visit(url)
    trick = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    put(page, question=trick)
    answered(page)

    page.locator("#node-1 summary").click()
    assert trick in page.locator("#node-1 .prompt").inner_text()
    assert page.title() == "my-pipeline"


def test_an_error_is_shown(pipeline, serve_aside, visit):
    url, _ = serve_aside(pipeline)
    page = visit(url)
    put(page, question="word " * 9000)

    assert "tokens, the model takes" in answered(page)
    assert page.locator("#answer").get_attribute("data-state") == "failed"
    put_again = page.get_by_label("Question")
    put_again.fill("What is Ada's pet?")
    page.get_by_role("button", name="Ask").click()
    page.wait_for_selector("#answer[data-state=ended]")


def test_half_an_answer_is_not_taken_for_a_whole_one(pipeline, serve_aside, visit):
    url, _ = serve_aside(pipeline)
    page = visit(url)
    half = 'data: {"choices": [{"index": 0, "delta": {"content": "Half"}}]}\n\n'
    page.route(
        "**/v1/chat/completions",
        lambda route: route.fulfill(body=half, content_type="text/event-stream"),
    )
    put(page)

    assert "broke off" in answered(page)
    assert page.locator("#answer").get_attribute("data-state") == "failed"


def test_an_answer_grows_and_can_be_stopped(held, serve_aside, visit):
    pipeline, engine = held
    url, loop = serve_aside(pipeline)
    page = visit(url)
    put(page)
    page.wait_for_selector('#graph [data-node="1"][data-state="started"]')
    assert page.get_by_role("button", name="Ask").is_disabled()
    page.keyboard.press("Escape")
    assert answered(page) == "Stopped."
    page.wait_for_function("() => document.getElementById('stop').hidden")
    heard = (len(engine.given_up) == 2 or page.wait_for_timeout(10) for _ in range(3_000))
    assert any(heard)  # the server hears of it a little after the page

    loop.call_soon_threadsafe(engine.may_go.set)
    page.get_by_role("button", name="Ask").click()
    page.wait_for_selector("#answer[data-state=ended]")
    assert page.locator("#answer").inner_text().startswith("answer to ")
    assert len(engine.given_up) == 2


def test_with_a_key_the_browser_asks_for_it(pipeline, serve_aside, visit):
    url, _ = serve_aside(pipeline, key="k3y")
    page = visit(url, http_credentials={"username": "anybody", "password": "k3y"})
    put(page)

    assert answered(page) == pipeline.answer(QUESTION, context_chunks=CHUNKS).answer
