"""Trains the experts of a plan one after the other; whatever is complete is not done again."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch

from hswarm.engines.transformers.placement import pick_device
from hswarm.experts.source import locate
from hswarm.experts.supervised import LOSSES, Base, import_trl, train_expert
from hswarm.figures.look import write_picture
from hswarm.figures.losses import draw_losses
from hswarm.making.domains import Domain, read_domain
from hswarm.making.heldout import measure_held_out
from hswarm.making.plan import Course, Plan, write_pool
from hswarm.store.disk import explained, replace_file
from hswarm.store.journal import read_journal
from hswarm.store.lock import Lock

SEED: Final = 0
"""The same for all experts: they start from the same A."""

COURSE: Final = "course.json"
"""What is being trained, while it is: a training goes on only as what it began as."""

Report = Callable[[str, int, int, float], None]
"""Told (what is being trained, step from 1, steps, loss)."""


def train_pool(plan: Plan, report: Report, *, device: str = "auto") -> Path:
    """Train what is left of a plan; return the pool's file.

    Every expert gets its name when it is complete, and one that was interrupted goes on from its
    last checkpoint, unless its data or recipe are others by now. Beside the pool file the folder
    `plan.record` then has the losses, as data and drawn, and a table of the losses of every expert
    on what was held out of each one's data.
    HswarmError if TRL or a base is not there, or another process trains the same pool.
    """
    if plan.courses:
        import_trl("experts train")
    with explained(plan.record):
        plan.record.mkdir(parents=True, exist_ok=True)
    lock = Lock(plan.record)
    try:
        chosen = pick_device(device)
        for course in plan.courses:
            _train(course, plan, chosen, report)
        write_pool(plan)
        _write_losses(plan)
        measure_held_out(plan, chosen)
    finally:
        lock.release()
    return plan.file


def _train(course: Course, plan: Plan, device: torch.device, report: Report) -> None:
    if course.folder.exists():
        return
    entry = course.base
    base = Base(locate(entry.base, revision=entry.revision), entry.prompt, entry.trust_remote_code)
    domain = read_domain(course.data, course.recipe, seed=SEED)
    part = course.folder.with_name(f"{course.folder.name}.part")
    _begin(part, course, domain)
    train_expert(
        base,
        domain.train,
        course.recipe,
        part,
        named=_named(entry.base, course.folder),
        seed=SEED,
        device=device,
        on_step=lambda step, steps, loss: report(course.name, step, steps, loss),
    )
    shutil.copy(part / LOSSES, plan.record / f"{course.name}.jsonl")
    for scrap in (part / LOSSES, part / COURSE, part / "checkpoints"):
        shutil.rmtree(scrap) if scrap.is_dir() else scrap.unlink()
    part.rename(course.folder)


def _begin(part: Path, course: Course, domain: Domain) -> None:
    """Make the folder of a training; what was begun there on other data or otherwise is dropped."""
    digest = hashlib.sha256()
    for conversation in domain.train:
        digest.update(json.dumps(conversation).encode())
    base = course.base.model_dump(mode="json", exclude={"experts"})
    recipe = course.recipe.model_dump(mode="json", exclude={"experts"})
    told = json.dumps({"base": base, "recipe": recipe, "data": digest.hexdigest()}).encode()
    with explained(part):
        if part.exists() and not _holds(part / COURSE, told):
            shutil.rmtree(part)
        part.mkdir(parents=True, exist_ok=True)
    replace_file(part / COURSE, told)


def _holds(file: Path, content: bytes) -> bool:
    return file.is_file() and file.read_bytes() == content


def _named(base: str, folder: Path) -> str:
    """Return what an adapter in `folder` calls its base: a hub id, or a path from there."""
    return os.path.relpath(base, folder) if Path(base).is_absolute() else base


def _write_losses(plan: Plan) -> None:
    """Write loss.csv, loss.svg and loss.png from what was written down of every expert."""
    curves: dict[str, list[tuple[int, float]]] = {}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["expert", "step", "loss", "learning_rate"])
    for entry in plan.pool.families.values():
        for name in entry.experts:
            lines = list(read_journal(plan.record / f"{name}.jsonl"))
            writer.writerows([name, x["step"], x["loss"], x["learning_rate"]] for x in lines)
            if lines:
                curves[name] = [(x["step"], x["loss"]) for x in lines]
    if not curves:
        return
    replace_file(plan.record / "loss.csv", text.getvalue().encode())
    picture = write_picture(draw_losses(curves))
    replace_file(plan.record / "loss.svg", picture.svg)
    replace_file(plan.record / "loss.png", picture.png)
