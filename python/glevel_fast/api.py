"""`Scorer` and `Scores` with the methods that lead to the other rooms: each is one call down.

A room is loaded with the first call of a method that leads there: most processes need one or two of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from glevel_fast.core import scores as _scores
from glevel_fast.core import scoring as _scoring
from glevel_fast.loading.results import ResultsLike, as_results

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from numpy.typing import ArrayLike

    from glevel_fast.boards.board import Board
    from glevel_fast.core.update import Updated
    from glevel_fast.folders import ScoredFolder
    from glevel_fast.report.plots import ScoresPlots
    from glevel_fast.report.with_plots import Ablation, Bootstrap, Receipt, WhatIf
    from glevel_fast.uncertainty.bootstrap import Unit
    from glevel_fast.uncertainty.fragility import Fragility
    from glevel_fast.uncertainty.prepared import Prepared
    from glevel_fast.uncertainty.specialists import SpecialistSets
    from glevel_fast.uncertainty.subsets import Subset

__all__ = ["Scorer", "Scores"]


class Scores(_scores.Scores):
    __doc__ = _scores.Scores.__doc__

    def board(self, scope: str = "A", level: int | None = None, **options: Any) -> Board:
        """A board of these scores; see `glevel_fast.board`.

        Parameters
        ----------
        scope : str
            "A", "B:image", "C:image/comprehension", "D:<skill>".
        level : int, optional
            2 to 5; None is the combined board.
        options :
            `tasks` and `date`, as in `glevel_fast.board`.

        Returns
        -------
        Board
        """
        from glevel_fast.boards.board import board

        return board(self, scope, level, **options)

    def receipt(self, model: str, level: int | None = None, scope: str = "A") -> Receipt:
        """Why a score is what it is, task by task; see `glevel_fast.trust.receipts.receipt`.

        Parameters
        ----------
        model : str
        level : int, optional
            Default: the highest that the model reaches.
        scope : str
            As in `board`.

        Returns
        -------
        Receipt
        """
        from glevel_fast.report.with_plots import Receipt, with_plots
        from glevel_fast.trust.receipts import receipt

        return with_plots(Receipt, receipt(self, model, level, scope))

    @property
    def plot(self) -> ScoresPlots:
        """Plots (extra `plots`): `ladder`, `synergy`, `coverage`, `side_by_side`.

        Returns
        -------
        ScoresPlots
        """
        from glevel_fast.report.plots import ScoresPlots

        return ScoresPlots(self)

    def fragility(self) -> Fragility:
        """How few lost wins, or how small an improvement of the specialists, cost each model its level.

        Returns
        -------
        Fragility
            One entry per model.

        Raises
        ------
        GLevelError
            Scores of the release's policy, or whose raw values have been changed since.
        """
        from glevel_fast.uncertainty.fragility import fragility

        return fragility(self)


class Scorer(_scoring.Scorer):
    """Scores results on one benchmark; immutable, thread-safe and picklable.

    `score` gives the scores of models, `map` the points of each task. `what_if` and `ablate` ask about other
    specialists, `bootstrap` about other tasks, `subset` for a few tasks that tell most. What changes later goes to
    `update`, one model at a time to `overall`.

    `zero`, `invalid` and `fractions` belong to the paper's policy; "release" checks nothing,
    as the released scorer does.

    Parameters
    ----------
    benchmark : Benchmark
        What `load_benchmark` or `published.benchmark` gives.
    policy : {"paper", "release"}
        "paper" is docs/spec.md sections 2 to 4; "release" reproduces the released scorer, quirks
        included (section 6).
    zero : {"missing", "score"}
        Whether an exact 0 means "not supported" (as in the paper's tables) or is a score.
    invalid : {"error", "missing"}
        Whether a value outside its metric's domain is an error, or not supported and noted.
    fractions : {"error", "scale", "keep"}
        What to do where a group's percentages, of a model or of the specialists, look like fractions
        (docs/spec.md section 3): refuse them, multiply them by 100, or take them as they are.

    Examples
    --------
    >>> import glevel_fast as gl
    >>> scorer = gl.Scorer(gl.published.benchmark())
    >>> scores = scorer.score(gl.published.results())
    >>> scores.overall.shape  # models, and S2 to S5
    (101, 4)
    """

    kind_of_scores = Scores

    def score(
        self,
        results: ResultsLike,
        *,
        models: Sequence[str] | None = None,
        threads: int | None = None,
        executor: Executor | None = None,
    ) -> Scores:
        """Score models.

        Parameters
        ----------
        results : Results, or float array (n_models, n_tasks) or (n_tasks,)
            Raw values in the benchmark's task order; NaN is "not supported". Other than a
            C-contiguous float64 array it is copied once. Whatever `load_results` takes is
            loaded first: a path, a list of paths, a dict, a data frame.
        models : sequence of str, optional
            Names for the rows of an array.
        threads : int, optional
            Default: all cores this process may use. The bits do not depend on it.
        executor : concurrent.futures.Executor, optional
            Who reads the files that are to be loaded, as in `load_results`. What is in memory is scored here:
            sending it would take longer. `score_folder` scores on the workers too.

        Returns
        -------
        Scores
            Row i of every array is model i.

        Raises
        ------
        ResultsError
            The shape or the tasks are not the benchmark's, or the array is not of numbers.
        InvalidScoreError
            A value outside its metric's domain, or fractions where percents belong.

        Examples
        --------
        >>> import glevel_fast as gl
        >>> bench = gl.load_benchmark({"task": ["vqa", "edit"], "modality": ["image"] * 2, "metric": ["Acc"] * 2,
        ...                            "paradigm": ["comprehension", "generation"], "sota": [70.0, 60.0]})
        >>> gl.Scorer(bench).score({"A": {"vqa": 80.0, "edit": 50.0}}).overall.tolist()
        [[65.0, 40.0, 0.0, 0.0]]
        """
        given = as_results(results, self.compiled, executor)
        return cast("Scores", super().score(given, models=models, threads=threads))

    def score_folder(
        self,
        results: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        to: str | os.PathLike[str],
        *,
        rename: Mapping[str, str] | str | os.PathLike[str] | None = None,
        ignore: str | Iterable[str] = (),
        threads: int | None = None,
        executor: Executor | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> ScoredFolder:
        """Score folders of Parquet and Arrow files into a folder of Parquet files, for any number of models.

        Each part is a range of rows of one file. It is written whole or not at all, by whoever scored it; its bytes
        do not depend on who that was. A second run makes only the parts that are missing, or whose results have
        changed; a folder with the scores of another benchmark or other options is refused.

        Parameters
        ----------
        results : path, or list of paths
            Folders, or .parquet and .arrow files: wide tables, or a column of lists (`glevel convert`).
        to : path
            A folder, which is made where it does not exist.
        rename, ignore : as in `load_results`
        threads : int, optional
            Default: all cores; with an executor 1 for each worker. No number depends on it.
        executor : concurrent.futures.Executor, optional
            Who scores: threads, processes, `client.get_executor()` of dask, ... All paths must lead to the same
            folders there.
        progress : callable, optional
            Called with (done, total) parts. Ctrl-C keeps the parts that are done.

        Returns
        -------
        ScoredFolder
            Names, levels and notes; `columns()`, `to_pandas()`, ... read the scores.

        Raises
        ------
        GLevelError
            As in `load_results` and `score`; a model that is there twice; a folder that holds something else.
        """
        from glevel_fast.folders import score_folder

        return score_folder(
            self, results, to, rename=rename, ignore=ignore, threads=threads, executor=executor, progress=progress
        )

    def prepare(
        self, results: Prepared | ResultsLike, *, models: Sequence[str] | None = None, threads: int | None = None
    ) -> Prepared:
        """Compile results for many calls of `ablate`, `what_if` and `bootstrap`, which take them in place of results.

        Parameters
        ----------
        results : as in `score`
        models : sequence of str, optional
            Names for the rows of an array.
        threads : int, optional
            Default: all cores this process may use. No number depends on it.

        Returns
        -------
        Prepared

        Raises
        ------
        GLevelError
            As in `score`; and where the policy is not the paper's.
        """
        from glevel_fast.uncertainty.prepared import prepare

        return prepare(self, results, models=models, threads=threads)

    def ablate(
        self,
        results: Prepared | ResultsLike,
        sets: SpecialistSets | ArrayLike,
        *,
        full: bool = False,
        models: Sequence[str] | None = None,
        threads: int | None = None,
        piece: int | None = None,
        progress: Callable[[int, int], object] | None = None,
        start: int = 0,
        stop: int | None = None,
        executor: Executor | None = None,
        ranks: bool = True,
    ) -> Ablation:
        """Score every model under every specialist set: bit for bit what `score` gives with each of them.

        Parameters
        ----------
        results : as in `score`, or what `prepare` returns
        sets : SpecialistSets, or float array (n_sets, n_tasks)
            Raw σ in the benchmark's task order; NaN: nobody can win that task.
        full : bool
            Keep the scores of every set, float64 (n_sets, n_models, 4). Otherwise only a summary is
            kept, whose size does not depend on the number of sets.
        threads, piece : int, optional
            Cores, and sets scored between two calls of `progress`. No number depends on them.
        progress : callable, optional
            Called with (done, total) after each piece. When it raises KeyboardInterrupt, or on
            Ctrl-C in a run of several pieces, what is done so far is returned.
        start, stop : int, optional
            Only sets [start, stop): their summaries merge into that of all.
        executor : concurrent.futures.Executor, optional
            Who makes the pieces: threads, processes, `client.get_executor()` of dask, ... (`threads` is then
            for each worker, 1 by default). The bytes are those of one process.
        ranks : bool
            Whether the summary counts ranks: each by itself, and of more than 10,000 models in bands beyond rank 511
            (`Summary.rank_bands`). Without them it takes less memory.

        Returns
        -------
        Ablation
            A summary over all sets; with `full`, the scores of each too.

        Raises
        ------
        GLevelError
            Results that cannot be scored, sets of another benchmark, a σ outside its metric's domain.
        """
        from glevel_fast.report.with_plots import Ablation, with_plots
        from glevel_fast.uncertainty.ablation import ablate

        found = ablate(
            self, results, sets, full=full, models=models, threads=threads, piece=piece, progress=progress,
            start=start, stop=stop, executor=executor, ranks=ranks,
        )  # fmt: skip
        return with_plots(Ablation, found)

    def what_if(
        self, results: Prepared | ResultsLike, changes: Mapping[str, float], *, threads: int | None = None
    ) -> WhatIf:
        """What changes when some tasks get other specialists: wins, scores, levels, ranks.

        Parameters
        ----------
        results : as in `score`, or what `prepare` returns
            With the latter only the changed tasks are looked at.
        changes : {task: raw σ}
            NaN: no specialist, nobody can win the task.

        Returns
        -------
        WhatIf
            Scores, wins, levels and ranks with these specialists, beside those without.

        Raises
        ------
        GLevelError
            No change, an unknown task, a σ outside its metric's domain; and as in `prepare`.
        """
        from glevel_fast.report.with_plots import WhatIf, with_plots
        from glevel_fast.uncertainty.what_if import what_if

        return with_plots(WhatIf, what_if(self, results, changes, threads=threads))

    def update(
        self,
        scores: Scores,
        *,
        specialists: Mapping[str, float] | None = None,
        add_tasks: Mapping[str, Mapping[str, Any]] | None = None,
        remove_tasks: Iterable[str] = (),
        add_models: Mapping[str, Mapping[str, float]] | None = None,
        cells: Mapping[tuple[str, str], float] | None = None,
        threads: int | None = None,
    ) -> Updated[Scorer, Scores]:
        """A new scorer, results and scores after changes: bit for bit what scoring from scratch gives.

        That is `updated.scorer.score(updated.results)`, with its errors and notes. What is computed:

        - other specialists: the changed groups, for the models that gain or lose a win; the results
          are shared with the old ones, and not copied;
        - new and removed tasks: their groups, for all models, in a new array of results;
        - new models and corrected cells: these models, in a new array of results.

        Everything is scored anew where the set of modalities changes, under the release's policy, and,
        unless only specialists change, where results hold values outside their domain or in fractions.

        Parameters
        ----------
        scores : Scores
            This scorer's.
        specialists : {task: raw σ}
        add_tasks : {task: fields}
            The fields are a benchmark's columns (modality, paradigm, metric and sota at least), and
            `values`, {model: raw value}.
        remove_tasks : tasks
        add_models : {model: {task: raw value}}
        cells : {(model, task): raw value}
            In the unit of the results as they came in, fractions where they were fractions.

        Returns
        -------
        Updated
            (scorer, results, scores): what to hand to the next update.

        Raises
        ------
        GLevelError
            Scores of another scorer, unknown tasks or models, a model or task that is there already;
            and as in `Benchmark` and `score`.
        """
        from glevel_fast.core.update import update

        return update(
            self, scores, specialists=specialists, add_tasks=add_tasks, remove_tasks=remove_tasks,
            add_models=add_models, cells=cells, threads=threads,
        )  # fmt: skip

    def bootstrap(
        self,
        results: Prepared | ResultsLike,
        n: int = 10_000,
        unit: Unit = "task",
        seed: int = 0,
        *,
        models: Sequence[str] | None = None,
        threads: int | None = None,
        piece: int | None = None,
        progress: Callable[[int, int], object] | None = None,
        compare: Iterable[int] = (),
        start: int = 0,
        stop: int | None = None,
        sampling: Literal["tasks", "both"] = "tasks",
        executor: Executor | None = None,
        ranks: bool = True,
    ) -> Bootstrap:
        """Resample the benchmark's tasks: intervals of scores and ranks, who can be told apart, chances of levels.

        It covers the choice of tasks, and not sample noise inside a task; docs/spec.md section 9 says what each
        statement means, and benchmarks/COVERAGE.md how far it holds in simulation. In each group as many units
        as there are get drawn with replacement, the same for all models. Seed and resample alone decide
        what is drawn: the numbers are the same on every machine and for any thread count.

        Parameters
        ----------
        results : as in `score`, or what `prepare` returns
        n : int
            How many resamples.
        unit : {"task", "skill", "modality"}
            What is drawn: tasks of a group, skills of a group (with all their tasks), or modalities
            (language then stays as it is).
        seed : int
            0 to 2^64 - 1.
        threads, piece, progress : as in `ablate`
        compare : levels
            Of whose boards the result will be asked in what share of the resamples A is above B: that is
            counted on the way. For others the resamples are made again when they are asked for.
        start, stop : int, optional
            Only resamples [start, stop): their summaries merge into that of all. A resample does not depend
            on how many there are, so a run can go on where another ended.
        ranks : bool
            As in `ablate`.
        sampling : {"tasks", "both"}
            "both" adds sample noise: in every resample each value is moved by its standard error, or that of
            its number of samples (`Results.stderr`, `Results.n`). `covers` says of how many values. The spread
            of the tasks' values holds their noise once already, so intervals of means come out wide rather
            than narrow; wins that noise may turn are what it is for. The last digits of the noise depend on
            the machine.
        executor : concurrent.futures.Executor, optional
            As in `ablate`.

        Returns
        -------
        Bootstrap
            Intervals of scores and ranks over the resamples.

        Raises
        ------
        GLevelError
            n < 1, an unknown unit or level, a negative seed, unit="skill" where a task has no skill; `compare` of more
            than 10,000 models; sampling="both" without any standard error or number of samples, or by modality.
        """
        from glevel_fast.report.with_plots import Bootstrap, with_plots
        from glevel_fast.uncertainty.bootstrap import bootstrap

        found = bootstrap(
            self, results, n, unit, seed, models=models, threads=threads, piece=piece, progress=progress,
            compare=compare, start=start, stop=stop, sampling=sampling, executor=executor, ranks=ranks,
        )  # fmt: skip
        return with_plots(Bootstrap, found)

    def subset(
        self,
        results: ResultsLike,
        size: int | None = None,
        *,
        budget: float | None = None,
        cost: Mapping[str, float] | None = None,
        shares: Mapping[str, float] | None = None,
        holdout: Mapping[str, str] | None = None,
        column: str = "models",
        draws: int = 500,
        seed: int = 0,
        threads: int | None = None,
        executor: Executor | None = None,
    ) -> Subset:
        """Choose a few tasks for a quick board, and judge it on models that had no part in the choice.

        Of `draws` random subsets, each with at least one task of every group, the one is taken whose order of the
        models is most like the full board's, by the mean of Kendall's tau of S2 and S3. To judge it, the same is done
        with a part of the models left out, and looked at on these.

        Parameters
        ----------
        results : as in `score`
        size : int
            How many tasks.
        budget : float
            Instead of `size`: the most that the tasks may cost together.
        cost : {task: cost}, optional
            Of every task; each costs 1 without it.
        shares : {group: share}, optional
            What share of the tasks (with `budget`: of the cost) a group gets, such as {"image/generation": 0.2}; the
            others share what is left as on the full board.
        holdout : {model: value}, optional
            Hold out all models of one value (a family, a year) at a time; at random, a fifth of the models, without it.
        column : str
            What these values are, in words.
        draws, seed : int
        executor : concurrent.futures.Executor, optional
            As in `ablate`: who scores the draws.

        Returns
        -------
        Subset

        Raises
        ------
        GLevelError
            A size, budget, share or cost that cannot be met; fewer than six models with a score.
        """
        from glevel_fast.uncertainty.subsets import choose_subset

        return choose_subset(
            self, results, size, budget=budget, cost=cost, shares=shares, holdout=holdout, column=column, draws=draws,
            seed=seed, threads=threads, executor=executor,
        )  # fmt: skip
