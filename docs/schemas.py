"""Writes schemas/*.schema.json, a JSON Schema for each JSON that `glevel` writes: `make docs`.

Every field of today is here and required, unless it says when it is there. Fields may be added; none goes away, nor
changes its meaning, in the same version of a schema.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer", "minimum": 0}
YES: Schema = {"type": "boolean"}
POINTS: Schema = {"type": "number", "minimum": 0, "maximum": 100}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
HASH: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
DATE: Schema = {"type": ["string", "null"], "pattern": "^\\d{4}-\\d{2}-\\d{2}$"}
POLICY: Schema = {"enum": ["paper", "release"]}
LEVELS = ("level2", "level3", "level4", "level5")


def obj(optional: tuple[str, ...] = (), **fields: Schema) -> Schema:
    """An object with these fields, all of them there but for the optional ones."""
    return {"type": "object", "required": [name for name in fields if name not in optional], "properties": fields}


def named(value: Schema) -> Schema:
    """An object of any names."""
    return {"type": "object", "additionalProperties": value}


def items(of: Schema, n: int | None = None) -> Schema:
    return {"type": "array", "items": of} | ({} if n is None else {"minItems": n, "maxItems": n})


def maybe(schema: Schema) -> Schema:
    """Or null."""
    return {"anyOf": [schema, {"type": "null"}]}


BENCHMARK = obj(tasks=WHOLE, sha256=HASH)
LEVEL = maybe({"enum": [2, 3, 4, 5]})
RANK = maybe({"type": "integer", "minimum": 1})
BY_PARADIGM = obj(comprehension=WHOLE, generation=WHOLE)
# The release's policy can leave the scale.
SCORE = maybe(NUMBER)
HEAD = {"glevel_fast": TEXT, "policy": POLICY, "benchmark": BENCHMARK}
MODEL_SCORES = obj(
    model=TEXT,
    level=LEVEL,
    overall=obj(**dict.fromkeys(LEVELS, SCORE)),
    modality=named(obj(**dict.fromkeys(LEVELS[:3], SCORE), supported=BY_PARADIGM, wins=BY_PARADIGM)),
    language=obj(supported=WHOLE, wins=WHOLE, score=SCORE),
    lower_bound=items(TEXT),
)
BOARD_OF_SETS = obj(
    score=POINTS, mean=POINTS, min=POINTS, interval=items(POINTS, 2), median=POINTS, max=POINTS, rank=RANK,
    rank_interval=items(RANK, 2), ranks=items({"type": "array", "prefixItems": [RANK, WHOLE]}),
    rank_bands=items({"type": "array", "prefixItems": [RANK, RANK, WHOLE]}),
    optional=("rank_interval", "ranks", "rank_bands"),
)  # fmt: skip
SUMMARY = obj(
    sets=WHOLE,
    confidence=SHARE,
    models=items(
        obj(
            model=TEXT,
            **dict.fromkeys(LEVELS, BOARD_OF_SETS),
            share=obj(**dict.fromkeys(("none", "2", "3", "4", "5"), SHARE)),
        )
    ),
    pivotal=items(obj(task=TEXT, wins_decided=WHOLE, ranks_moved=WHOLE)),
)
SURE_BOARD = obj(
    score=POINTS, interval=items(POINTS, 2), coverage={"enum": ["full", "wide", "limit", "unknown"]}, rank=RANK,
    joint_rank_interval=items(RANK, 2), optional=("joint_rank_interval",),
)  # fmt: skip
SURE_MODEL = obj(
    model=TEXT,
    **dict.fromkeys(LEVELS, SURE_BOARD),
    lower_bound=items(TEXT),
    chance_limits=maybe(
        obj(level3_or_more=items(SHARE, 2), level4_or_more=items(SHARE, 2), level5_or_more=items(SHARE, 2))
    ),
)
FIDELITY = obj(tau=items(maybe({"type": "number", "minimum": -1, "maximum": 1}), 2), levels=SHARE, largest_move=NUMBER)
EXPLAINED_TASK = obj(
    task=TEXT, group=TEXT, metric=TEXT, specialist=TEXT, raw=maybe(NUMBER), scale=NUMBER, points=maybe(NUMBER),
    sota=maybe(NUMBER), weight=NUMBER, supported=YES, won=YES, steps={"type": "integer"}, contribution=maybe(NUMBER),
)  # fmt: skip
RECEIPT = obj(
    model=TEXT, scope=TEXT, level=WHOLE, policy=POLICY, score=SCORE, rounding=NUMBER, groups=named(NUMBER),
    tasks=items(EXPLAINED_TASK),
    lacking=items(obj(task=TEXT, raw=maybe(NUMBER), sota=maybe(NUMBER), gap=maybe(NUMBER), gain=maybe(NUMBER))),
)  # fmt: skip
CELL: Schema = {"type": ["number", "string", "null"]}
METRIC = obj(
    name=TEXT, family={"enum": ["linear", "inverse", "tanh"]}, worst=maybe(NUMBER), best=maybe(NUMBER),
    constant=maybe(NUMBER), low=maybe(NUMBER), high=maybe(NUMBER),
)  # fmt: skip
CAUSES = named({"type": "integer"})
DIFFERENCE = obj(
    model=TEXT, old_rank=RANK, new_rank=RANK, old_score=SCORE, new_score=SCORE, causes=CAUSES, move={"type": "integer"},
    status=TEXT,
)  # fmt: skip
COLUMN = items(TEXT)

SCHEMAS: dict[str, tuple[str, Schema]] = {
    "score": ("glevel score --json", obj(**HEAD, models=items(MODEL_SCORES), notes=items(TEXT))),
    "board": (
        "glevel board --json",
        obj(
            scope=TEXT,
            level=LEVEL,
            policy=POLICY,
            tasks=WHOLE,
            benchmark=HASH,
            date=DATE,
            rows=items(
                obj(
                    rank=RANK,
                    model=TEXT,
                    level=LEVEL,
                    modalities=TEXT,
                    paradigm=TEXT,
                    score=SCORE,
                    coverage=SHARE,
                    on_supported=SCORE,
                    supported=WHOLE,
                    wins=WHOLE,
                    lower_bound=YES,
                )
            ),
            notes=items(TEXT),
        ),
    ),
    "specialists": (
        "glevel board --level 1 --json",
        obj(
            scope=TEXT,
            level={"const": 1},
            tasks=WHOLE,
            models=WHOLE,
            benchmark=HASH,
            rows=items(
                obj(
                    task=TEXT,
                    modality=TEXT,
                    paradigm=TEXT,
                    skill=TEXT,
                    metric=TEXT,
                    specialist=TEXT,
                    sota=maybe(NUMBER),
                    points=maybe(POINTS),
                    best_model=maybe(TEXT),
                    best=maybe(NUMBER),
                    best_points=maybe(POINTS),
                    margin=maybe(NUMBER),
                    winners=WHOLE,
                    supporters=WHOLE,
                )
            ),
            notes=items(TEXT),
        ),
    ),
    "readings": (
        "glevel audit --readings --json",
        obj(
            readings=items(
                obj(
                    figures=TEXT,
                    reading=TEXT,
                    taken=YES,
                    agree=WHOLE,
                    printed=WHOLE,
                    tables=named(obj(agree=WHOLE, printed=WHOLE)),
                )
            )
        ),
    ),
    "explain": ("glevel explain --json", {"anyOf": [RECEIPT, items(RECEIPT)]}),
    "audit": (
        "glevel audit --json",
        obj(
            findings=items(obj(kind=TEXT, table=TEXT, model=TEXT, printed=CELL, computed=CELL, message=TEXT)),
            notes=items(TEXT),
        ),
    ),
    "lint": (
        "glevel lint --json",
        obj(
            suspects=items(
                obj(
                    kind=TEXT,
                    cell=TEXT,
                    model=TEXT,
                    task=TEXT,
                    metric=TEXT,
                    value=NUMBER,
                    sota=maybe(NUMBER),
                    message=TEXT,
                    scale=maybe(NUMBER),
                )
            )
        ),
    ),
    "policy-diff": (
        "glevel lint --policy-diff --json",
        obj(
            cells=items(
                obj(
                    model=TEXT,
                    task=TEXT,
                    metric=TEXT,
                    value=maybe(NUMBER),
                    paper=maybe(NUMBER),
                    release=maybe(NUMBER),
                    paper_win=YES,
                    release_win=YES,
                    reason=TEXT,
                )
            ),
            moves=items(
                obj(
                    level=WHOLE,
                    model=TEXT,
                    paper=SCORE,
                    release=SCORE,
                    paper_rank=RANK,
                    release_rank=RANK,
                    why=items(TEXT),
                )
            ),
        ),
    ),
    "ablate": (
        "glevel ablate --json",
        obj(
            glevel_fast=TEXT,
            benchmark=BENCHMARK,
            sets=obj(what=TEXT, strict=YES, n=WHOLE, start=WHOLE, stop=WHOLE, done=WHOLE),
            summary=SUMMARY,
            lower_bound=named(items(TEXT)),
            notes=items(TEXT),
        ),
    ),
    "stability": (
        "glevel stability --json",
        obj(
            ("boards",),
            glevel_fast=TEXT,
            benchmark=BENCHMARK,
            resamples=obj(
                unit={"enum": ["task", "skill", "modality"]}, seed=WHOLE, n=WHOLE, start=WHOLE, stop=WHOLE, done=WHOLE
            ),
            covers=TEXT,
            leaves_out=TEXT,
            meaning=named(TEXT),
            coverage=named(TEXT),
            confidence=SHARE,
            models=items(SURE_MODEL),
            boards=obj(
                **dict.fromkeys(
                    LEVELS,
                    obj(
                        pairs=WHOLE,
                        told_apart=WHOLE,
                        neighbours=items(obj(higher=TEXT, lower=TEXT, share=SHARE, p=SHARE)),
                        groups=items(items(TEXT)),
                    ),
                ),
            ),
            summary=SUMMARY,
            notes=items(TEXT),
        ),
    ),
    "what-if": (
        "glevel what-if --json",
        obj(
            glevel_fast=TEXT,
            changes=named(maybe(NUMBER)),
            models=items(
                obj(
                    model=TEXT,
                    gains=TEXT,
                    loses=TEXT,
                    level=LEVEL,
                    level_after=LEVEL,
                    **{f"{k}{end}": POINTS for k in LEVELS for end in ("", "_after")},
                    **{f"{k}_delta": NUMBER for k in LEVELS},
                    **{f"{k}_rank{end}": RANK for k in LEVELS for end in ("", "_after")},
                )
            ),
            unchanged=WHOLE,
            notes=items(TEXT),
        ),
    ),
    "subset": (
        "glevel subset --json",
        obj(
            glevel_fast=TEXT,
            benchmark=BENCHMARK,
            tasks=items(TEXT),
            sha256=HASH,
            groups=named(items(WHOLE, 2)),
            cost=NUMBER,
            full_cost=NUMBER,
            scores=items(TEXT, 2),
            held_out=FIDELITY,
            random=FIDELITY,
            seen=FIDELITY,
            models=WHOLE,
            draws=WHOLE,
            seed=WHOLE,
            folds=WHOLE,
            holdout=TEXT,
            sentence=TEXT,
        ),
    ),
    "export": (
        "glevel export json",
        obj(
            **HEAD,
            date=DATE,
            intervals=maybe(obj(method=TEXT, confidence=SHARE, unit=TEXT, covers=TEXT, coverage=named(TEXT))),
            models=items(
                obj(
                    # where there are intervals
                    tuple(f"{k}_{end}" for k in LEVELS for end in ("low", "high", "coverage")),
                    model=TEXT,
                    level=LEVEL,
                    **dict.fromkeys(LEVELS, SCORE),
                    **{f"{k}_{end}": POINTS for k in LEVELS for end in ("low", "high")},
                    **{f"{k}_coverage": TEXT for k in LEVELS},
                    language_score=SCORE,
                    lower_bound=TEXT,
                )
            ),
            notes=items(TEXT),
        ),
    ),
    "metrics": (
        "glevel metrics --json",
        items(obj(metric=TEXT, points=TEXT, domain=TEXT, better={"enum": ["higher", "lower"]}, aliases=items(TEXT))),
    ),
    "snapshot": (
        "glevel snapshot",
        obj(
            format={"type": "string", "pattern": "^glevel snapshot \\d+$"},
            glevel_fast=TEXT,
            date=DATE,
            sha256=obj(tasks=HASH, sota=HASH, policy=HASH, metrics=HASH, results=HASH, scores=HASH),
            metrics=named(METRIC),
            benchmark=obj(
                task=COLUMN,
                modality=COLUMN,
                paradigm=COLUMN,
                metric=COLUMN,
                sota=items(maybe(NUMBER)),
                skill=COLUMN,
                specialist=COLUMN,
                weight=items(NUMBER),
                scale=items(NUMBER),
            ),
            policy=obj(policy=POLICY, zero={"enum": ["missing", "score"]}),
            results=obj(models=COLUMN, values=items(items(maybe(NUMBER)))),
            scores=items(MODEL_SCORES),
        ),
    ),
    "diff": ("glevel diff --json", items(DIFFERENCE)),
    "rescore": ("glevel rescore --json", obj(boards=named(items(DIFFERENCE)), left_out=named(TEXT))),
    "registry-board": (
        "glevel registry board --json",
        obj(
            boards=items(
                obj(
                    id=TEXT,
                    scope=TEXT,
                    benchmark=HASH,
                    rows=items(
                        obj(
                            rank=RANK,
                            model=TEXT,
                            level=LEVEL,
                            modalities=TEXT,
                            parts=named(POINTS),
                            total=POINTS,
                            date=DATE,
                            submission=WHOLE,
                            submissions=WHOLE,
                        )
                    ),
                    notes=items(TEXT),
                )
            ),
            notes=items(TEXT),
        ),
    ),
    "evaluate": (
        "glevel evaluate -o FILE.json",
        items(
            obj(
                model=TEXT,
                task=TEXT,
                value=maybe(NUMBER),
                stderr=maybe(NUMBER),
                n=maybe(WHOLE),
                metric=TEXT,
                definition=TEXT,
                unit=TEXT,
                source={"enum": ["evaluated", "given", "not supported"]},
                missing=WHOLE,
                unparsed=maybe(WHOLE),
            )
        ),
    ),
    "samples": (
        "glevel evaluate --samples FILE.json",
        items(
            obj(
                task=TEXT,
                definition=TEXT,
                unit=TEXT,
                id=TEXT,
                status={"enum": ["scored", "missing"]},
                value=maybe(NUMBER),
                sums=TEXT,
            )
        ),
    ),
    "benchmark": (
        "glevel subset -o FILE.json, glevel benchmark export -o FILE.json",
        obj(
            ("aliases", "metric_aliases"),
            task=COLUMN,
            modality=COLUMN,
            paradigm=COLUMN,
            metric=COLUMN,
            sota=items(maybe(NUMBER)),
            skill=COLUMN,
            specialist=COLUMN,
            weight=items(NUMBER),
            scale=items(NUMBER),
            aliases=COLUMN,
            metric_aliases=COLUMN,
        ),
    ),
}
"""By name: which command writes it, and the schema."""


def text(name: str) -> str:
    """The file of a schema."""
    command, schema = SCHEMAS[name]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, "description": command}
    return json.dumps(head | schema, indent=1) + "\n"


def main(folder: Path = HERE) -> None:
    (folder / "schemas").mkdir(exist_ok=True)
    for name in SCHEMAS:
        (folder / "schemas" / f"{name}.schema.json").write_text(text(name), encoding="utf-8", newline="\n")
    rows = [f"| `{SCHEMAS[name][0]}` | [{name}](schemas/{name}.schema.json) |" for name in SCHEMAS]
    page = (
        "# JSON that glevel writes\n\n"
        "Each has a JSON Schema (draft 2020-12), which tests check outputs with. Numbers are in full precision; what\n"
        "is not there is `null`, never a NaN. Fields may be added; read those you know.\n\n"
        "| command | schema |\n|---|---|\n" + "\n".join(rows) + "\n\n"
        "`glevel export eee` writes the format of every_eval_ever 0.3, whose schema is its own.\n"
    )
    (folder / "json.md").write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
