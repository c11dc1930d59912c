"""The run log: MLflow on a local SQLite file, with settings, dataset version and the commit of the code."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path

from pytorch_lightning.loggers import MLFlowLogger

from gatukoll.datasets.versions import Version
from gatukoll.training.config import Settings


def run_log(settings: Settings, used: Version) -> MLFlowLogger:
    """Open the run log: on a SQLite file in the run's folder unless an address is given."""
    assert settings.out is not None
    out = settings.out.resolve()
    log = MLFlowLogger(
        experiment_name=settings.detector.name,
        run_name=settings.out.name,
        tracking_uri=settings.mlflow or f"sqlite:///{out / 'mlflow.db'}",
        artifact_location=None if settings.mlflow else (out / "artifacts").as_uri(),
        tags={"dataset": used.name, "dataset_hash": used.hash, "split": used.split},
    )
    log.log_hyperparams(settings.model_dump(mode="json"))
    for name in ("settings.yaml", "dataset.json"):
        log.experiment.log_artifact(log.run_id, str(out / name))
    return log


def quiet() -> None:
    """Silence what others say by the way (tips, table creation); our own lines of progress remain."""
    for name, level in {
        "pytorch_lightning": logging.WARNING,
        "pytorch_lightning.loggers.mlflow": logging.ERROR,
        "alembic": logging.WARNING,
    }.items():
        logging.getLogger(name).setLevel(level)


def commit() -> str:
    """Return the commit of the code, "" where it does not run from a checkout."""
    here = Path(__file__).parent
    if not (here.parent / ".git").exists():
        return ""
    done = subprocess.run(
        ["git", "-C", here, "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
