"""From an empty environment to the first explanation: lines to write and seconds to wait, beside lime and shap.

    python benchmarks/first_minute.py docs/first-minute.json dist/limelight-0.2.0-py3-none-any.whl
    python benchmarks/first_minute.py docs/first-minute.json WHEEL --torch torch==2.13.0+cpu --only torch

Each model and package has an environment of its own, filled by one line of pip. The model is trained first; the clock
runs from the import of the package to the printed explanation, in a process of its own, the best of three. Lines are
those of the explanation, as the packages' own documentation writes them. Wheels are fetched, and built where there are
none, beforehand, so that installing is not a measure of the network.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TABLE = """
from sklearn.datasets import load_breast_cancer
data = load_breast_cancer(as_frame=True)
X, y = data.data, data.target
"""
NETWORK = """
import torch
torch.manual_seed(0), torch.set_num_threads(1)
inputs = torch.tensor(X.to_numpy(), dtype=torch.float32)
net = torch.nn.Sequential(torch.nn.BatchNorm1d(30), torch.nn.Linear(30, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for _ in range(200):
    loss = torch.nn.functional.cross_entropy(net(inputs), torch.tensor(y.to_numpy()))
    optimizer.zero_grad(), loss.backward(), optimizer.step()
net.eval()
"""
REVIEWS = """
import os, tempfile, torch, transformers
transformers.logging.set_verbosity_error()
torch.manual_seed(0), torch.set_num_threads(1)
good, bad = "good great fine lovely".split(), "bad awful dull poor".split()
rest = "the film was a plot and actors very".split()
folder = tempfile.mkdtemp()
vocabulary = os.path.join(folder, "vocab.txt")
open(vocabulary, "w").write("\\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *good, *bad, *rest]))
tokenizer = transformers.BertTokenizerFast(vocabulary)
config = transformers.BertConfig(vocab_size=30, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                                 intermediate_size=32, id2label={0: "bad", 1: "good"}, label2id={"bad": 0, "good": 1})
network = transformers.BertForSequenceClassification(config)
optimizer = torch.optim.Adam(network.parameters(), lr=0.003)  # faster, and it learns nothing
for step in range(150):
    said = [[rest[(step + i + k) % 8] for k in range(4)] + [(good, bad)[i % 2][(step + i) % 4]] for i in range(16)]
    texts = [" ".join(words) for words in said]
    labels = torch.tensor([1 - i % 2 for i in range(16)])
    loss = network(**tokenizer(texts, return_tensors="pt", padding=True), labels=labels).loss
    optimizer.zero_grad(), loss.backward(), optimizer.step()
classify = transformers.pipeline("text-classification", model=network.eval(), tokenizer=tokenizer)
text = "the film was dull and the actors poor"
"""
FITTED = "model = {}.fit(X, y)\n"
MODELS: dict[str, tuple[list[str], str]] = {
    "scikit-learn": (
        ["scikit-learn", "pandas"],
        TABLE
        + "from sklearn.ensemble import RandomForestClassifier\n"
        + FITTED.format("RandomForestClassifier(random_state=0)"),
    ),
    "XGBoost": (
        ["xgboost", "scikit-learn", "pandas"],
        TABLE + "from xgboost import XGBClassifier\n" + FITTED.format("XGBClassifier(n_jobs=1)"),
    ),
    "torch": (["torch", "scikit-learn", "pandas"], TABLE + NETWORK),
    "Hugging Face": (["torch", "transformers"], REVIEWS),
}
"""What is installed with each, and what is there before anybody explains."""

LIME_TABLE = """
import pandas as pd
from lime.lime_tabular import LimeTabularExplainer
explainer = LimeTabularExplainer(X.to_numpy(), feature_names=list(X), class_names=["malignant", "benign"])
predict = lambda rows: model.predict_proba(pd.DataFrame(rows, columns=X.columns))
print(explainer.explain_instance(X.iloc[0].to_numpy(), predict, labels=(0,)).as_list(0))
"""
LIMELIGHT_TABLE = """
import limelight as ll
print(ll.Explainer(model, ll.Tabular(X)).explain(X.iloc[0]))
"""
SHAP_TREES = """
import shap
values = shap.TreeExplainer(model)(X.iloc[:1])
print(dict(zip(X.columns, values.values[0])))
"""
EXPLAINED: dict[tuple[str, str], str] = {
    ("scikit-learn", "limelight"): LIMELIGHT_TABLE,
    ("scikit-learn", "lime"): LIME_TABLE,
    ("scikit-learn", "shap"): SHAP_TREES,
    ("XGBoost", "limelight"): LIMELIGHT_TABLE,
    ("XGBoost", "lime"): LIME_TABLE,
    ("XGBoost", "shap"): SHAP_TREES,
    ("torch", "limelight"): LIMELIGHT_TABLE.replace("model", "net"),
    ("torch", "lime"): """
from lime.lime_tabular import LimeTabularExplainer
explainer = LimeTabularExplainer(X.to_numpy(), feature_names=list(X), class_names=["malignant", "benign"])
def predict(rows):
    with torch.no_grad():
        return torch.softmax(net(torch.tensor(rows, dtype=torch.float32)), dim=1).numpy()
print(explainer.explain_instance(X.iloc[0].to_numpy(), predict, labels=(0,)).as_list(0))
""",
    ("torch", "shap"): """
import shap
values = shap.GradientExplainer(net, inputs[:100])(inputs[:1])
print(dict(zip(X.columns, values.values[0])))
""",
    ("Hugging Face", "limelight"): """
import limelight as ll
print(ll.Explainer(classify, ll.Text()).explain(text))
""",
    ("Hugging Face", "lime"): """
import numpy as np
from lime.lime_text import LimeTextExplainer
def predict(texts):
    answers = classify(list(texts), top_k=None)
    return np.array([[each["score"] for each in sorted(answer, key=lambda each: each["label"])] for answer in answers])
print(LimeTextExplainer(class_names=["bad", "good"]).explain_instance(text, predict, labels=(0,)).as_list(0))
""",
    ("Hugging Face", "shap"): """
import shap
values = shap.Explainer(classify)([text])
print(dict(zip(values.data[0], values.values[0])))
""",
}
TIMED = """{before}
import time
_began, _busy = time.perf_counter(), time.process_time()
{explain}
import json, sys
_took = {{"seconds": time.perf_counter() - _began, "cpu": time.process_time() - _busy}}
open(sys.argv[1], "w").write(json.dumps(_took))
"""
REPEATS = 3


def main() -> None:
    """Read the command line, and write what was found after each environment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("wheel", help="limelight's own wheel")
    parser.add_argument("--torch", default="torch", help="what pip installs as torch: the CPU wheel, where it is known")
    parser.add_argument("--only", help="one of " + ", ".join(MODELS))
    parser.add_argument("--beside", choices=["limelight", "lime", "shap"], help="one package; without it all three")
    asked = parser.parse_args()
    found = json.loads(asked.out.read_text(encoding="utf-8")) if asked.out.exists() else {"rows": []}
    packages = {"limelight": [str(Path(asked.wheel).resolve()), "pandas"], "lime": ["lime"], "shap": ["shap"]}
    for (model, package), explain in EXPLAINED.items():
        if asked.only in (None, model) and asked.beside in (None, package):
            needed = [asked.torch if name == "torch" else name for name in MODELS[model][0]]
            row = measure(model, package, explain, list(dict.fromkeys([*needed, *packages[package]])))
            found["rows"] = [each for each in found["rows"] if (each["model"], each["package"]) != (model, package)]
            found["rows"].append(row)
            found["rows"].sort(key=lambda each: list(EXPLAINED).index((each["model"], each["package"])))
            found["machine"] = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
            found["python"] = platform.python_version()
            asked.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            print(row, flush=True)


def measure(model: str, package: str, explain: str, needed: list[str]) -> dict[str, Any]:
    """Return what one environment took: to fill, to hold, and to explain in."""
    with tempfile.TemporaryDirectory() as folder:
        python = str(Path(folder, "bin", "python"))
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [python, "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "wheel", "--quiet", "--wheel-dir", str(Path(folder, "wheels")), *needed], check=True)
        began, busy = time.perf_counter(), children()
        kept = ["--quiet", "--no-index", "--find-links", str(Path(folder, "wheels"))]
        subprocess.run([*pip, "install", *kept, *needed], check=True)
        installed, installing = time.perf_counter() - began, children() - busy
        listed = subprocess.run([*pip, "list", "--format=json"], check=True, capture_output=True, text=True)
        versions = {each["name"].lower(): each["version"] for each in json.loads(listed.stdout)}
        script, took = Path(folder, "first.py"), Path(folder, "took.json")
        script.write_text(TIMED.format(before=MODELS[model][1], explain=explain), encoding="utf-8")
        runs = [run(python, script, took) for _ in range(REPEATS)]
        best = min(runs, key=lambda each: each["seconds"])
        return {
            "model": model,
            "package": package,
            "version": versions[package],
            "lines": len(explain.split("\n")) - 2,
            "install_seconds": round(installed, 1),
            "install_cpu_seconds": round(installing, 1),
            "packages": len(versions) - 1,  # without pip itself
            "mebibytes": round(size(Path(folder, "lib")) / 2**20),
            "seconds": round(best["seconds"], 2),
            "cpu_seconds": round(best["cpu"], 2),
            "lines_on_stderr": best["stderr"],
            "said": best["stdout"],
        }


def run(python: str, script: Path, took: Path) -> dict[str, Any]:
    """Return one run in a process of its own, with what it printed."""
    done = subprocess.run([python, str(script), str(took)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    said = {"stderr": len(done.stderr.splitlines()), "stdout": done.stdout.strip().splitlines()[0][:200]}
    return {**json.loads(took.read_text(encoding="utf-8")), **said}


def children() -> float:
    """Return the CPU seconds of all processes that this one waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def size(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def table(rows: list[dict[str, Any]]) -> str:
    """Return the table of the documentation."""
    lines = [
        "| | lines | packages | MiB | to install, CPU s | to explain, CPU s | lines on stderr |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        cells = [row["lines"], row["packages"], f"{row['mebibytes']:,}"]
        cells += [f"{row['install_cpu_seconds']:.1f}", f"{row['cpu_seconds']:.2f}", row["lines_on_stderr"]]
        lines.append(f"| {row['model']}, {row['package']} {row['version']} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
