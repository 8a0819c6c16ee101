"""Where the chart, its values files and the expectations lie."""

from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
REPOSITORY = HERE.parent.parent
CHART = REPOSITORY / "helm"
# Values files as an operator would write them for our chart.
CI = sorted((CHART / "ci").glob("*.yaml"))
# Values files as the original's documentation shows them.
ORIGINAL = sorted((HERE / "original").glob("*.yaml"))
GOLDEN = HERE / "golden"


def name(path: Path) -> str:
    """How a values file is called in the name of a test."""
    return f"{path.parent.name}/{path.stem}"
