"""The pages of class reports, in a real browser: used, printed, on a phone, in the dark, by axe, and by nobody's leave
but their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grader import catalog
from grader.classroom import gradebook
from grader.classroom.roster import Person, Roster
from grader.exams import load_exams
from grader.lab.record import CellError
from grader.report import classdata, htmlclass, htmllearner, learnerdata
from tests import extras
from tests import gradebooks as books
from tests.browser import MOST_MS, chromium

pytestmark = pytest.mark.server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page, Request

MADE = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
EVIL = "=1+1\n<b>../x\"'"
PEOPLE = [f"l{n:02}" for n in range(60)]
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
DARK = {"color_scheme": "dark"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on two exercises, one on one alone, and the pages of a few learners."""
    made = tmp_path_factory.mktemp("pages")
    hostile = CellError(books.HOSTILE, books.HOSTILE, 3, books.HOSTILE)
    with gradebook.opened(str(made / "g.db")) as book:
        books.fill(book, PEOPLE, ["ex1", "ex3"])
        for exercise in (catalog.find("ex1"), catalog.find("ex3")):
            judge = books.passing(exercise.checks[0].id)
            cells = books.plain_cells(hostile)
            books.add(book, EVIL, books.card(exercise, judge, found=books.HOSTILE, cells=cells, isolation="process"))
        books.add(book, "l05", books.not_graded("ex1", f"not a notebook: {books.HOSTILE}"))
        books.add(book, "l40", books.not_graded("ex3", "the lab could not be raised."))
        book.override("l02", "ex1", 40.5, author=books.HOSTILE, reason=books.HOSTILE)
        roster = Roster(
            (
                *(Person(one, f"Name{n % 7} Family{n:02}", f"{one}@example.edu") for n, one in enumerate(PEOPLE)),
                Person("absent", "Never There", ""),
                Person(EVIL, books.HOSTILE, books.HOSTILE),
            )
        )
        for name, exercises in (("both", ["ex1", "ex3"]), ("one", ["ex1"])):
            figures = book.figures(exercises)
            report = classdata.build(figures, book.overridden(), roster, exercises, load_exams(), made_at=MADE)
            (made / f"{name}.html").write_text(htmlclass.text(report, links=True), encoding="utf-8")
            if name == "one":
                continue
            (made / "learners").mkdir()
            for learner in report.learners:
                cards = {r.attempt: book.card(r.attempt) for r in learner.results if r.attempt is not None}
                own = book.history(learner=learner.id)
                page = learnerdata.build(report, learner, cards, own, load_exams())
                (made / "learners" / f"{learner.page}.html").write_text(htmllearner.text(page), encoding="utf-8")
    return made


@pytest.fixture
def visit(browser: Browser, folder: Path) -> Iterator[Callable[..., Page]]:
    """Opens a page by its name. Whatever it logs, and each request to anywhere else, fails the test in the end."""
    pages: list[Page] = []
    faults: list[str] = []

    def visit(name: str, **context: Any) -> Page:
        page = browser.new_context(**context).new_page()
        page.set_default_timeout(MOST_MS)
        address = (folder / name).as_uri()

        def refuse(dialog: Dialog) -> None:
            faults.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        def follow(request: Request) -> None:
            if request.url != address:
                faults.append(f"request: {request.url}")

        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("dialog", refuse)
        page.on("request", follow)
        page.goto(address)
        pages.append(page)
        return page

    yield visit
    for page in pages:
        page.context.close()
    assert not faults


def names(page: Page) -> list[str]:
    """The learners that the table shows, in its order, once all its rows are laid out."""
    page.wait_for_function("() => !document.querySelector('#learners tr.later')")
    rows = page.locator("#learners tbody tr:not([hidden])").all()
    return [row.locator("th").first.inner_text().split("\n")[-1] for row in rows]


def column(page: Page, at: int) -> list[str]:
    page.wait_for_function("() => !document.querySelector('#learners tr.later')")
    return page.eval_on_selector_all(  # type: ignore[no-any-return]
        "#learners tbody tr:not([hidden])",
        f"rows => rows.map(row => row.cells[{at}].dataset.v ?? row.cells[{at}].textContent)",
    )


def shown(page: Page) -> str:
    return page.locator("#shown").inner_text()


def test_sorting(visit: Callable[..., Page]) -> None:
    page = visit("both.html")
    first = names(page)
    assert first[:2] == ["l05", "l40"], "not graded stands first"
    marks = page.locator("#learners thead th").nth(2)
    marks.get_by_role("button").click()
    assert marks.get_attribute("aria-sort") == "descending"
    told = column(page, 2)
    numbers = [float(one) for one in told if one]
    assert numbers == sorted(numbers, reverse=True)
    assert told[len(numbers) :] == ["", ""], "what has no mark stands last"
    page.keyboard.press("Enter")  # the button has the focus
    assert marks.get_attribute("aria-sort") == "ascending"
    told = column(page, 2)
    assert [float(one) for one in told[:-2]] == sorted(numbers) and told[-2:] == ["", ""]
    learner = page.locator("#learners thead th").first
    learner.get_by_role("button").press("Space")
    assert learner.get_attribute("aria-sort") == "ascending" and marks.get_attribute("aria-sort") == "none"
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("() => !document.querySelector('#learners th[aria-sort=ascending]')")
    assert names(page) == first


def test_filtering(visit: Callable[..., Page]) -> None:
    page = visit("both.html")
    everyone = names(page)
    assert len(everyone) == 62
    page.get_by_label("Find a learner").fill("NAME3 family")
    assert shown(page) == "9 of 62 learners are shown."
    assert names(page) == ["l03", "l10", "l17", "l24", "l31", "l38", "l45", "l52", "l59"]
    page.get_by_label("Find a learner").fill("nobody at all")
    assert names(page) == [] and shown(page).startswith("0 of 62")
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("() => document.querySelector('#shown').value.startsWith('All')")
    page.get_by_label("Show").select_option("Not graded")
    assert names(page) == ["l05", "l40"]
    page.get_by_label("Show").select_option("Without work")
    assert names(page) == ["absent"]
    page.get_by_label("Show").select_option("Marked by hand")
    assert names(page) == ["l02"]
    page.get_by_label("Show").select_option("Everyone")
    page.get_by_label("From %").fill("80")
    page.get_by_label("to %").fill("90")
    shares = [float(one) for one in column(page, 1)]
    assert shares and all(80 <= share <= 90 for share in shares)


def test_topics_of_an_exercise(visit: Callable[..., Page]) -> None:
    page = visit("both.html")
    titles = [topic.title for topic in catalog.find("ex3").topics]
    page.get_by_label("Columns").select_option("Topics of ex3")
    heads = page.locator("#learners thead th").all_inner_texts()
    assert [head.split(" %")[0] for head in heads[2:]] == titles
    page.locator("#learners thead button").nth(3).click()
    told = [float(one) for one in column(page, 3) if one]
    assert told == sorted(told, reverse=True) and len(told) == 60
    page.get_by_label("Columns").select_option("All topics")
    assert page.locator("#learners thead th").count() == 2 + 6 + 6
    page.get_by_label("Columns").select_option("Marks of all exercises")
    assert page.locator("#learners thead th").count() == 4
    single = visit("one.html")
    assert single.locator("#learners thead th").count() == 2 + 6 + 1


def test_checks_are_sorted_too(visit: Callable[..., Page]) -> None:
    page = visit("one.html")
    page.get_by_role("button", name="Discrimination").click()
    told = page.eval_on_selector_all("details tbody tr", "rows => rows.map(row => row.cells[3].dataset.v)")
    numbers = [float(one) for one in told if one]
    assert numbers == sorted(numbers) and len(told) == len(catalog.find("ex1").checks)


def test_links_lead_to_learners(visit: Callable[..., Page], folder: Path) -> None:
    page = visit("both.html")
    links = page.eval_on_selector_all("#learners a", "links => links.map(link => link.href)")
    assert len(links) == 62
    assert {Path(link.removeprefix("file://")).name for link in links} == {
        path.name for path in (folder / "learners").iterdir()
    }


def test_without_scripts(visit: Callable[..., Page]) -> None:
    page = visit("both.html", java_script_enabled=False)
    assert page.locator("#filter").is_hidden()
    rows = page.locator("#learners tbody tr").all()
    assert len(rows) == 62 and all(row.is_visible() for row in rows)


PAGES = ["both.html", "one.html", "learners/l02.html", "learners/l05.html", "learners/absent.html", "evil"]


def at(folder: Path, name: str) -> str:
    evil = next(path for path in (folder / "learners").iterdir() if path.name.startswith("1-1"))
    return f"learners/{evil.name}" if name == "evil" else name


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visit: Callable[..., Page], folder: Path, name: str) -> None:
    axe = extras.needed("axe_core_python.sync_playwright", "dev").Axe()
    for context in ({}, DARK, PHONE):
        page = visit(at(folder, name), **context)
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        found = axe.run(page)["violations"]
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found] == []


@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone(visit: Callable[..., Page], folder: Path, name: str) -> None:
    page = visit(at(folder, name), **PHONE)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("window.innerWidth") == 360


def colours(page: Page) -> tuple[str, str]:
    told = page.evaluate("(() => { const s = getComputedStyle(document.body); return [s.backgroundColor, s.color] })()")
    return told[0], told[1]


def test_in_the_dark_and_in_print(visit: Callable[..., Page]) -> None:
    light, dark = visit("both.html"), visit("both.html", **DARK)
    assert colours(light)[0] == "rgb(255, 255, 255)"
    assert colours(dark)[0] == "rgb(20, 24, 29)"
    dark.emulate_media(media="print")
    assert colours(dark)[0] == "rgb(255, 255, 255)", "paper is white"
    assert dark.locator("#filter").is_hidden()
    assert dark.locator("#learners").evaluate("each => each.scrollHeight === each.clientHeight"), "nothing is cut off"


def test_a_printed_page_holds_everything(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit("both.html")
    document = page.pdf(path=str(tmp_path / "class.pdf"))
    # Each sheet's kind is told in plain text, whatever else is compressed.
    assert len(re.findall(rb"/Type\s*/Page\b", document)) >= 5
    assert page.evaluate("[...document.querySelectorAll('details')].every(each => each.open)")


def test_hostile_text_is_shown_as_it_is(visit: Callable[..., Page], folder: Path) -> None:
    for name in ("both.html", at(folder, "evil")):
        page = visit(name)
        assert page.locator("img, b:has-text('../')").count() == 0
        assert page.locator("script").count() == (2 if name == "both.html" else 1)
        assert "<script>alert('x')</script>" in page.locator("body").inner_text()


def test_a_learners_page_tells_everything_of_the_scorecard(visit: Callable[..., Page], folder: Path) -> None:
    page = visit("learners/l02.html")
    text = page.locator("main").inner_text()
    for told in ("Mark given by hand: 40.5 of 45", "The machine’s mark was", "What to study next", "expected", "hint"):
        assert told in text
    assert "nobody judged" not in text
    assert "Not graded: not a notebook" in visit("learners/l05.html").locator("main").inner_text()
    assert visit("learners/absent.html").locator("main").inner_text().count("No work was handed in.") == 2
    evil = visit(at(folder, "evil"))
    assert "without a sandbox (isolation: process)" in evil.locator("header").inner_text()
    assert "No sandbox." in visit("both.html").locator("header").inner_text()


@pytest.mark.proof
def test_a_thousand_learners(visit: Callable[..., Page], tmp_path: Path, folder: Path) -> None:
    """Sorted and filtered, all rows laid out in the end; how fast is measured in bench/report.py."""
    people = [f"p{n:04}" for n in range(1000)]
    with gradebook.opened(str(tmp_path / "g.db")) as book:
        exercise = catalog.find("ex5")
        for n in range(20):
            judge = books.passing(*(check.id for check in exercise.checks[: n + 1]))
            books.add(book, people[n], books.card(exercise, judge))
        report = classdata.build(
            book.figures(), {}, Roster(tuple(Person(one) for one in people)), ["ex5"], load_exams(), made_at=MADE
        )
    (folder / "thousand.html").write_text(htmlclass.text(report), encoding="utf-8")
    page = visit("thousand.html")
    assert len(names(page)) == 1000
    page.locator("#learners thead button").nth(1).click()
    assert names(page)[:2] == ["p0019", "p0018"]
    page.get_by_label("Find a learner").fill("p099")
    assert len(names(page)) == 10
