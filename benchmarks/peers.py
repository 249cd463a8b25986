"""Pages that explain, side by side: what they load, how soon "what if" is answered, what a keyboard and axe say.

    python benchmarks/peers.py OUT.json limelight=PYTHON explainerdashboard=PYTHON …

Each peer runs in an interpreter of its own, as pip installs it, with the same data (tumors of scikit-learn) and the
same logistic regression, and is opened in a headless Chromium of its own; shapash and interpret, which explain trees
and their own models, with one of those. A peer whose page has no "what if" is looked at as far as it goes. What a page
asks of other hosts is named, and not counted where there is no network.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

CASE = """
import sys
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
X, y = load_breast_cancer(as_frame=True, return_X_y=True)
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)).fit(X, y)
row = abs(model.predict_proba(X)[:, 1] - 0.5).argmin()  # one that a change moves
port = int(sys.argv[1])
"""
SERVERS = {
    "limelight": """
import limelight as ll, uvicorn
from limelight.web import create
explainer = ll.Explainer(model, ll.Tabular(X), seed=0).prepare()
app = create({"tumors": explainer}, start={"tumors": X.iloc[row].tolist()})
uvicorn.run(app, port=port, log_level="error", ws="none")
""",
    "explainerdashboard": """
from explainerdashboard import ClassifierExplainer, ExplainerDashboard
near = abs(model.predict_proba(X)[:, 1] - 0.5).argsort()[:20]
explainer = ClassifierExplainer(model, X.iloc[near], y.iloc[near])
ExplainerDashboard(explainer, importances=False, model_summary=False, contributions=False, shap_dependence=False,
                   shap_interaction=False, decision_trees=False, whatif=True).run(port=port, host="127.0.0.1")
""",
    "shapash": """
from shapash import SmartExplainer
from shapash.webapp.smart_app import SmartApp
from sklearn.ensemble import RandomForestClassifier
forest = RandomForestClassifier(random_state=0).fit(X, y)
explainer = SmartExplainer(model=forest)
explainer.compile(x=X.iloc[:200], y_target=y.iloc[:200])
explainer.init_app()
explainer.smartapp.app.run(port=port, host="127.0.0.1", debug=False)
""",
    "interpret": """
import time
from interpret import set_show_addr, show_link
from interpret.glassbox import ExplainableBoostingClassifier
set_show_addr(("127.0.0.1", port))
forest = ExplainableBoostingClassifier(interactions=0).fit(X, y)
print("LINK", show_link(forest.explain_local(X.iloc[:5], y.iloc[:5])), flush=True)
time.sleep(3600)
""",
    "lit": """
from lit_nlp import dev_server, server_config
from lit_nlp.api import dataset, model as lit_model, types
class Tumors(dataset.Dataset):
    def __init__(self):
        self._examples = [{**row, "label": str(label)} for row, label in zip(X.iloc[:50].to_dict("records"), y)]
    def spec(self):
        return {**{name: types.Scalar() for name in X.columns}, "label": types.CategoryLabel(vocab=["0", "1"])}
class Logistic(lit_model.Model):
    def input_spec(self):
        return {name: types.Scalar() for name in X.columns}
    def output_spec(self):
        return {"prob": types.MulticlassPreds(vocab=["0", "1"], parent="label")}
    def predict(self, inputs, **options):
        import pandas as pd
        frame = pd.DataFrame([{name: row[name] for name in X.columns} for row in inputs])
        return [{"prob": probabilities} for probabilities in model.predict_proba(frame)]
flags = {**server_config.get_flags().to_dict(), "port": port, "host": "127.0.0.1"}
dev_server.Server({"m": Logistic()}, {"tumors": Tumors()}, **flags).serve()
""",
}
# what is looked at: (the way to the page, what is pressed first, a control, where the answer is, values to type)
What = tuple[str, str | None, str | None, str, tuple[str, ...]]
PAGES: dict[str, What] = {
    "limelight": ("/models/tumors", None, "input[aria-describedby='c21r']", "#answer data", ("30", "12", "28", "14")),
    "explainerdashboard": (
        "/",
        "button:has-text('Random Index')",
        "input[id^='feature-input-worst texture']",
        "table",
        ("2", "-1", "2.5", "-0.5"),
    ),
    "shapash": ("/", None, None, "", ()),
    "interpret": ("/", None, None, "", ()),
    "lit": ("/", None, None, "", ()),
}
COUNT = """
import json, sys
from importlib.metadata import distributions
from pathlib import Path
import sysconfig
names = {d.metadata["Name"].lower(): d.version for d in distributions()}
size = sum(f.stat().st_size for f in Path(sysconfig.get_paths()["purelib"]).rglob("*") if f.is_file())
print(json.dumps({"packages": len(set(names) - {"pip", "setuptools", "wheel"}), "mib": size / 2**20,
                  "version": names.get(sys.argv[1])}))
"""
DISTRIBUTION = {"lit": "lit-nlp"}


def measured(peer: str, python: str) -> dict[str, Any]:
    """Return what is seen of one peer."""
    counted = subprocess.run(
        [python, "-c", COUNT, DISTRIBUTION.get(peer, peer)], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(counted.stdout)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
        began = time.perf_counter()
        server = subprocess.Popen(
            [python, "-c", CASE + SERVERS[peer], str(port)], cwd=folder, stdout=log, stderr=log, env=environment
        )
        try:
            path = PAGES[peer][0]
            wait(f"http://127.0.0.1:{port}{path}", server)
            found["seconds_to_start"] = round(time.perf_counter() - began, 1)
            if "LINK" in SERVERS[peer]:
                path = link(Path(log.name)).replace(f"http://127.0.0.1:{port}", "")
            found |= looked_at(peer, f"http://127.0.0.1:{port}{path}")
        except Exception as error:
            log.seek(0)
            found["failed"] = f"{type(error).__name__}: {error}"[:300] + log.read()[-600:]
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
    return found


def link(log: Path) -> str:
    """Return the address that a server prints where its first page is not what is looked at."""
    for _ in range(600):
        for line in log.read_text(encoding="utf-8").splitlines():
            if line.startswith("LINK "):
                return line.split(" ", 1)[1]
        time.sleep(0.2)
    raise RuntimeError("no link was printed")


def wait(address: str, server: subprocess.Popen[Any], seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=20):
                return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"nobody answered at {address}")


def looked_at(peer: str, address: str) -> dict[str, Any]:
    """Return what a browser sees: bytes, hosts, time to the first answer, axe, the keyboard."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True).new_page()
        sizes: list[int] = []
        hosts: set[str] = set()
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
        page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if request.url[:4] == "http" else None)
        page.goto(address)
        page.wait_for_load_state("networkidle", timeout=120_000)
        page.wait_for_timeout(2000)
        found = {
            "first_load_kib": round(sum(sizes) / 1024),
            "requests": len(sizes),
            "other_hosts": sorted(host for host in hosts if not host.startswith("127.0.0.1")),
            "axe": violations(page),
        }
        _, first, control, answer, values = PAGES[peer]
        if control is not None:
            found |= what_if(page, first, control, answer, values)
        browser.close()
    return found


def violations(page: Any) -> dict[str, int]:
    """Return how many rules of axe are broken, and at how many places."""
    page.evaluate(axe())
    broken = page.evaluate("axe.run()")["violations"]
    return {"rules": len(broken), "places": sum(len(each["nodes"]) for each in broken)}


def axe() -> str:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", "--prefer-offline", "axe-core@4.10.2"], cwd=folder, check=True,
                       capture_output=True)  # fmt: skip
        shutil.unpack_archive(next(Path(folder).glob("*.tgz")), folder)
        return (Path(folder) / "package" / "axe.min.js").read_text(encoding="utf-8")


def what_if(page: Any, first: str | None, control: str, answer: str, values: tuple[str, ...]) -> dict[str, Any]:
    """Return how long the answer to a changed value takes, and whether the keyboard alone leads there."""
    if first is not None:
        page.locator(first).first.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("selector => document.querySelector(selector).value !== ''", arg=control)
        page.wait_for_timeout(3000)
    field = page.locator(control)
    tabs = 0
    while tabs < 300 and not field.evaluate("element => element === document.activeElement"):
        page.keyboard.press("Tab")
        tabs += 1
    if tabs == 300:
        return {"keyboard": False}
    seconds = []
    for value in values:
        before = page.locator(answer).first.inner_text()
        page.keyboard.press("Control+a")
        began = time.perf_counter()
        page.keyboard.type(value)
        page.keyboard.press("Enter")
        page.wait_for_function(
            "([selector, before]) => document.querySelector(selector)?.innerText !== before", arg=[answer, before]
        )
        seconds.append(time.perf_counter() - began)
        page.wait_for_timeout(1500)
    return {"keyboard": True, "what_if_ms": [round(1000 * each) for each in seconds]}


def main() -> None:
    out, *peers = sys.argv[1:]
    path = Path(out)
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for peer, python in (each.split("=", 1) for each in peers):
        found[peer] = measured(peer, python)
        print(peer, json.dumps(found[peer], indent=1))
        path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
