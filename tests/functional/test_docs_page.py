"""``/api/docs/`` in a real browser: Debian's chromium."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from webtest.http import StopableWSGIServer

from courseplatform.testing import Client
from plugins.accounts.testing import make_user

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PREFIX = "/school"
OPTIONS = (
    "--headless",
    "--no-sandbox",  # root has none
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,1600",
)

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium or its chromedriver is not installed")

OPERATION = "#operations-accounts-get_me"
STATUS = f"{OPERATION} .live-responses-table tr.response .response-col_status"
ANSWER = f"{OPERATION} .live-responses-table tr.response .response-col_description"


def behind_a_proxy(app: Any) -> Any:
    """The platform beneath a prefix of which it is told nothing."""

    def proxied(environ: dict[str, Any], start_response: Any) -> Any:
        if not environ["PATH_INFO"].startswith(PREFIX):
            start_response("404 Not Found", [])
            return []
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(PREFIX)
        return app(environ, start_response)

    return proxied


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of a server."""
    server = StopableWSGIServer.create(app)
    try:
        yield server.application_url.rstrip("/")
    finally:
        server.shutdown()


class Browser:
    def __init__(self, folder: Path) -> None:
        options = ChromeOptions()
        options.binary_location = CHROMIUM
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        for option in (*OPTIONS, f"--user-data-dir={folder}"):
            options.add_argument(option)
        self.driver = Chrome(options, ChromeService(DRIVER))

    def find(self, css: str, is_there: Callable[[WebElement], Any] = WebElement.is_displayed) -> WebElement:
        """The first element for which it is true, as soon as there is one. The page goes on changing meanwhile."""

        def look(driver: Chrome) -> WebElement | None:
            return next((one for one in driver.find_elements(By.CSS_SELECTOR, css) if is_there(one)), None)

        return WebDriverWait(self.driver, 30, 0.05, [WebDriverException]).until(look, css)

    def click(self, css: str) -> None:
        def clicked(element: WebElement) -> bool:
            self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
            element.click()
            return True

        self.find(css, clicked)

    def errors(self) -> list[str]:
        """Of the console since the last time; what the page's policy forbids is among them."""
        return [one["message"] for one in self.driver.get_log("browser") if one["level"] == "SEVERE"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    made = Browser(tmp_path_factory.mktemp("chromium"))
    yield made
    made.driver.quit()


def opened(browser: Browser, url: str) -> None:
    """The page, with ``GET /api/users/me/`` ready to be tried."""
    browser.errors()  # of the page before
    browser.driver.get(f"{url}/api/docs/")
    browser.click("#operations-tag-accounts")
    browser.click(f"{OPERATION} .opblock-summary-control")
    browser.click(f"{OPERATION} .try-out__btn")
    assert browser.errors() == []


def test_one_reads_what_there_is_and_a_call_without_a_token_is_refused(browser: Browser, wsgi_app: Any) -> None:
    with served(wsgi_app) as url:
        opened(browser, url)
        assert len(browser.driver.find_elements(By.CSS_SELECTOR, ".opblock")) > 20
        tags = {one.text for one in browser.driver.find_elements(By.CSS_SELECTOR, ".opblock-tag a")}
        assert tags > {"accounts", "courses", "submissions"}
        browser.click(f"{OPERATION} .execute")
        browser.find(STATUS, lambda one: one.text == "401")
        assert '"code": "unauthenticated"' in browser.find(ANSWER).text
        (error,) = browser.errors()
        assert "the server responded with a status of 401" in error


def test_behind_a_proxy_one_pastes_a_token_tries_a_call_and_sees_the_answer(
    browser: Browser, committing_client: Client
) -> None:
    me = make_user(committing_client, username="wendy")
    with served(behind_a_proxy(committing_client.app)) as url:
        opened(browser, url + PREFIX)
        browser.click(".scheme-container .authorize")
        browser.find(".auth-container input").send_keys(me.token)
        browser.click(".auth-btn-wrapper .authorize")
        browser.click(".auth-btn-wrapper .btn-done")
        browser.click(f"{OPERATION} .execute")
        browser.find(STATUS, lambda one: one.text == "200")
        assert '"username": "wendy"' in browser.find(ANSWER).text
        assert browser.find(f"{OPERATION} .request-url").text.endswith(f"{url}{PREFIX}/api/users/me/")
        assert browser.driver.execute_script("return localStorage.length + sessionStorage.length") == 0
        assert browser.errors() == []
