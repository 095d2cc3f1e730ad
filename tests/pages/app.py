"""The app's main script, run without a browser."""

from streamlit.testing.v1 import AppTest

from core.jobs.process import PROJECT
from pages.ui.shared.data import openings

START_HEADING = "Teach a computer to see"


def new_app(page: str = "dataset.py", seconds: float = 90) -> AppTest:
    """A new session, not run yet, that will open this page, or with "" the first one.

    Args:
        page: Its file in `pages/`.
        seconds: That a run of the script may take.
    """
    app = AppTest.from_file(PROJECT / "pages" / "main.py", default_timeout=seconds)
    return app.switch_page(page) if page else app


def reloaded(app: AppTest, page: str = "dataset.py") -> AppTest:
    """Another visit with the address of this session, as after a reload or a restart of the server; not run yet."""
    visit = new_app(page)
    visit.query_params["session"] = app.session_state["session_id"]
    return visit


def words(app: AppTest) -> str:
    """What the page says in Markdown, one element a line."""
    blocks = (app.markdown, app.subheader, app.caption, app.info, app.success, app.warning, app.error)
    return "\n".join(str(element.value) for block in blocks for element in block)


def unescaped_words(app: AppTest) -> str:
    """`words` without the backslashes that keep Markdown from reading them."""
    return words(app).replace("\\", "")


def opened(app: AppTest, seconds: float = 60) -> AppTest:
    """The page once what its session opens is open, or failed: in a browser a timer runs it again."""
    job = openings().job(app.session_state["session_id"])
    if job is not None:
        assert job.wait(seconds)
    return app.run()


def press(app: AppTest, label: str) -> AppTest:
    """The page after a click on the button with this label."""
    return next(button for button in app.button if button.label == label).click().run()
