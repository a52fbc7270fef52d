"""The autoencoder as a scikit-learn estimator."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from . import _reduce
from ._columns import frame_kind, names_of, of_array, of_frame, to_frame, without
from ._options import checked, nested, seed_of

_FEWEST_ROWS = 3
_NETWORK = ("code_size", "hidden", "activation", "loss", "linear_path", "tied", "corruption", "code", "sparsity", "metric", "pretrain")
_TRAINING = (
    "max_epochs", "batch_size", "learning_rate", "schedule", "warmup_steps", "gradient_clip", "weight_decay", "dropout",
    "validation", "split_by", "patience",
)  # fmt: skip
_PATHS = {
    **{name: ("autoencoder", name) for name in _NETWORK},
    **{name: ("autoencoder", "training", name) for name in _TRAINING},
    **{name: ("input", name) for name in ("id", "labels", "missing", "categorical", "times")},
    "prepare": ("prepare",),
}


class Autoencoder(TransformerMixin, BaseEstimator):
    """Learns a short code for every row of a table, with its preparation.

    The model is that of ``reduce run`` on the same table with the same options and seed, byte for byte. Every parameter
    means what the key of the same name means in a pipeline file, and takes the same values: a word, a number, or a dict
    such as ``corruption={"gaussian": {"sd": 0.2}}``.

    Parameters
    ----------
    code_size : int, "auto" or None, default=None
        How many numbers stand for a row. ``None``: 32, or one fewer than the features where there are fewer; ``"auto"``:
        a short search.
    hidden : "auto" or sequence of int, default="auto"
        The widths of the encoder's hidden layers; the decoder mirrors them.
    activation : {"gelu", "relu", "elu", "tanh", "sigmoid"}, default="gelu"
    loss : {"auto", "mse", "bce", "poisson", "nb", "zinb"}, default="auto"
    linear_path : {"pca", "none"}, default="pca"
        A direct linear map beside the layers, which starts as the principal axes.
    tied : bool, default=False
        Whether the decoder uses the encoder's weights, transposed.
    corruption : "none" or dict, default="none"
        Noise on the input (denoising): ``{"gaussian": {"sd": 0.2}}``, ``{"mask": {"fraction": 0.2}}``,
        ``{"salt_and_pepper": {"fraction": 0.1}}``.
    code : {"plain", "variational"} or dict, default="plain"
        ``{"variational": {"beta": 1.0}}`` for a variational autoencoder.
    sparsity : "none" or dict, default="none"
        ``{"l1": {"weight": 1e-3}}``, ``{"kl": {"target": 0.1, "weight": 1e-3}}`` or ``{"active": 0.1}``.
    metric : {"rows", "raw"}, default="rows"
    pretrain : {"none", "layerwise"}, default="none"
    prepare : list or None, default=None
        Steps of the preparation, such as ``["log1p", {"standardize": {"clip": 10}}]``; ``None`` chooses by the kind of
        data, ``[]`` does nothing.
    missing : str or dict, default="refuse"
        Missing numbers: ``"refuse"``, ``"mean"``, ``"median"``; or a dict with what a pipeline says under ``missing``.
    categorical : dict or None, default=None
        Which texts train: ``{"max_levels": 50, "columns": []}``.
    times : {"leave_out", "number"}, default="leave_out"
        What to do with dates and times.
    id : str or None, default=None
        The column of a frame that names rows; it does not train.
    labels : sequence of str, default=()
        Columns of a frame that do not train; ``split_by`` can name one.
    max_epochs, batch_size, learning_rate, warmup_steps, weight_decay : "auto" or number, default="auto"
    schedule : {"cosine", "constant", "one_cycle", "plateau"}, default="cosine"
    gradient_clip : "none" or dict, default="none"
        ``{"norm": 1.0}``.
    dropout : float, default=0.0
    validation : float, default=0.1
        The share of rows that are held out: they never train.
    split_by : "random" or dict, default="random"
        ``{"stratified": label}`` or ``{"grouped": label}``.
    patience : int, default=15
    name : str, default="autoencoder"
        The model's name, which its file holds.
    random_state : int, RandomState or None, default=42
        The seed. The same seed gives the same bytes at any number of threads.

    Attributes
    ----------
    code_size_ : int
    history_ : dict
        How training went: losses by epoch, the best epoch, held-out errors beside those of PCA.
    options_ : dict
        The options with every ``"auto"`` a value.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where it was fitted on a frame.

    Examples
    --------
    >>> import numpy as np, reduce
    >>> rows = np.random.default_rng(0).normal(size=(200, 10)).astype(np.float32)
    >>> autoencoder = reduce.Autoencoder(code_size=3, hidden=[16], max_epochs=5).fit(rows)
    >>> autoencoder.transform(rows).shape
    (200, 3)
    >>> autoencoder.get_feature_names_out().tolist()
    ['code_00', 'code_01', 'code_02']
    """

    def __init__(
        self,
        code_size=None,
        *,
        hidden="auto",
        activation="gelu",
        loss="auto",
        linear_path="pca",
        tied=False,
        corruption="none",
        code="plain",
        sparsity="none",
        metric="rows",
        pretrain="none",
        prepare=None,
        missing="refuse",
        categorical=None,
        times="leave_out",
        id=None,
        labels=(),
        max_epochs="auto",
        batch_size="auto",
        learning_rate="auto",
        schedule="cosine",
        warmup_steps="auto",
        gradient_clip="none",
        weight_decay="auto",
        dropout=0.0,
        validation=0.1,
        split_by="random",
        patience=15,
        name="autoencoder",
        random_state=42,
    ):
        self.code_size = code_size
        self.hidden = hidden
        self.activation = activation
        self.loss = loss
        self.linear_path = linear_path
        self.tied = tied
        self.corruption = corruption
        self.code = code
        self.sparsity = sparsity
        self.metric = metric
        self.pretrain = pretrain
        self.prepare = prepare
        self.missing = missing
        self.categorical = categorical
        self.times = times
        self.id = id
        self.labels = labels
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.warmup_steps = warmup_steps
        self.gradient_clip = gradient_clip
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.validation = validation
        self.split_by = split_by
        self.patience = patience
        self.name = name
        self.random_state = random_state

    # training

    def fit(self, X, y=None, *, progress=None):
        """Prepares the table and trains on it.

        Parameters
        ----------
        X : array of shape (n_samples, n_features), or polars or pandas DataFrame
            The table, NaN or null where missing. Texts of a frame train as levels.
        y : ignored
        progress : callable, optional
            Called with each event (a dict); the work stops where it returns ``False``, with :class:`Stopped`.

        Returns
        -------
        self
        """
        pipeline = self._pipeline()
        numbers, columns = self._read(X, reset=True)
        self._model = _reduce.Model.train(numbers, columns, pipeline, self.name, progress)
        self._known()
        return self

    def fit_transform(self, X, y=None, *, progress=None):
        """Trains on the rows of `X` and gives their codes (``n_samples × code_size``)."""
        return self.fit(X, progress=progress).transform(X)

    # rows

    def transform(self, X):
        """The code of every row: ndarray of shape (n_samples, code_size), float32."""
        check_is_fitted(self)
        return self._for_rows().encode(*self._read(X))

    def inverse_transform(self, X):
        """Rows in the units of the table that belong to codes.

        Parameters
        ----------
        X : array of shape (n_samples, code_size)
            Codes.

        Returns
        -------
        ndarray of shape (n_samples, n_features_in_), or a frame of the library it was fitted on
            NaN in columns of an array that the preparation left out, but for constant ones; a frame lacks them.

        Raises
        ------
        ValueError
            If a step of the preparation cannot be undone, naming it.
        """
        check_is_fitted(self)
        codes = np.asarray(X) if frame_kind(X) is None else X.to_numpy()
        return self._given_back(*self._model.decode(check_array(codes, dtype=np.float32, order="C")))

    def reconstruct(self, X):
        """The rows of `X` back through their codes, in the units of the table; as :meth:`inverse_transform` gives them."""
        check_is_fitted(self)
        return self._given_back(*self._for_rows().reconstruct(*self._read(X)))

    def denoise(self, X):
        """The rows of `X` cleaned of noise, by an autoencoder trained with ``corruption``."""
        check_is_fitted(self)
        if not self._model.is_denoising:
            raise ValueError('the model was not trained to remove noise\nhint: train one with corruption={"gaussian": {"sd": 0.3}}, or use `reconstruct`')
        return self.reconstruct(X)

    def sample(self, n_samples=1, random_state=42):
        """New rows drawn from a variational autoencoder, in the units of the table."""
        check_is_fitted(self)
        return self._given_back(*self._model.sample(int(n_samples), seed_of(random_state)))

    def score_samples(self, X):
        """How well each row is reconstructed: minus its mean squared error, in prepared units (``n_samples``)."""
        check_is_fitted(self)
        errors, _ = self._for_rows().novelty(*self._read(X))
        return -errors

    def score(self, X, y=None):
        """The mean of :meth:`score_samples`: larger is better."""
        return float(np.mean(self.score_samples(X), dtype=np.float64))

    def unlike_training(self, X):
        """Whether each row is unlike the training rows, so that its code may mean little (bool, ``n_samples``)."""
        check_is_fitted(self)
        _, flags = self._for_rows().novelty(*self._read(X))
        return flags

    def get_feature_names_out(self, input_features=None):
        """The names of the code's numbers: ``code_00``, ``code_01``, …"""
        check_is_fitted(self)
        width = max(2, len(str(self.code_size_ - 1)))
        return np.array([f"code_{at:0{width}}" for at in range(self.code_size_)], dtype=object)

    # files

    def to_bytes(self):
        """The bytes of the model file."""
        check_is_fitted(self)
        return self._model.to_bytes()

    def save(self, path):
        """Writes the model file, which the command ``reduce`` reads too; it is whole or not there."""
        path = Path(path)
        data = self.to_bytes()
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path):
        """Reads a model file, or that of a run folder."""
        return cls._of(_reduce.Model.load(Path(path)))

    @classmethod
    def from_bytes(cls, data):
        """Reads a model from the bytes of its file."""
        return cls._of(_reduce.Model(data))

    def export_onnx(self, folder):
        """Writes ``encoder.onnx`` and ``decoder.onnx`` into a folder, with the preparation in the graphs."""
        check_is_fitted(self)
        self._model.export_onnx(Path(folder))

    # inside

    @classmethod
    def _of(cls, model):
        about, options = json.loads(model.about), json.loads(model.options)
        places = {"autoencoder": options, "input": about["input"]}
        given = {"name": about["name"], "random_state": about["seed"]}
        for name, path in _PATHS.items():
            value = places.get(path[0])
            for key in path[1:]:
                value = value.get(key) if isinstance(value, dict) else None
            if value is not None and path[0] in places:
                given[name] = tuple(value) if name == "labels" else value
        self = cls(**given)
        self._model = model
        known = set(model.features + model.categories)
        # as in the table that it was trained on; models of before kept no order
        names = [name for name in about.get("order", []) if name in known] or model.features + model.categories
        self.n_features_in_ = len(names)
        self._names, self._library = names, None
        if names != [f"x{at}" for at in range(len(names))]:
            self.feature_names_in_ = np.array(names, dtype=object)
        self._known()
        return self

    def _known(self):
        self.code_size_ = self._model.code_size
        self.options_ = json.loads(self._model.options)
        history = self._model.history
        if history is not None:
            self.history_ = json.loads(history)

    def _pipeline(self):
        """The pipeline of the parameters as JSON; only what differs from the default is said."""
        defaults = type(self)().get_params()
        sections = {}
        for name, path in _PATHS.items():
            value = getattr(self, name)
            if value is None or (type(value) is type(defaults[name]) and value == defaults[name]):
                continue
            if name == "missing" and not (isinstance(value, dict) and value.keys() & {"numeric", "categorical", "drop_feature_above", "words"}):
                value = {"numeric": value}
            if name == "labels" and isinstance(value, str):
                value = [value]
            sections[name] = (path, value)
        seed = seed_of(self.random_state)

        def build(some):
            pipeline = nested(some, version=1, seed=seed, input={})
            pipeline["input"]["path"] = "memory"
            return pipeline

        return checked(sections, build)

    def _read(self, X, reset=False):
        """The matrix and columns of a table, after scikit-learn's checks."""
        kind = frame_kind(X)
        if kind is None:
            X = validate_data(
                self, X, reset=reset, dtype=np.float32, order=None, ensure_all_finite="allow-nan",
                ensure_min_samples=_FEWEST_ROWS if reset else 1, ensure_min_features=2 if reset else 1,
            )  # fmt: skip
            if self._refuses_missing() and np.isnan(X).any():
                row, column = np.argwhere(np.isnan(X))[0]
                raise ValueError(f'the input holds NaN, first in row {row} of column {column}\nhint: set missing="median" or missing="mean"')
            if reset:
                self._names, self._library = [f"x{at}" for at in range(X.shape[1])], None
            return of_array(X, self._names)
        aside = [] if self.id is None else [self.id]
        aside += [self.labels] if isinstance(self.labels, str) else list(self.labels)
        features = without(X, aside)
        validate_data(self, features, reset=reset, skip_check_array=True)
        if len(X) == 0 or (reset and len(X) < _FEWEST_ROWS):
            fewest = _FEWEST_ROWS if reset else 1
            raise ValueError(f"Found array with {len(X)} sample(s) while a minimum of {fewest} is required by Autoencoder.")
        if reset:
            self._names, self._library = names_of(features), kind
        return of_frame(X)

    def _for_rows(self):
        """The model that prepares new rows: one that fills in medians where ``missing`` says so since training."""
        value = self.missing.get("numeric") if isinstance(self.missing, dict) else self.missing
        return self._model.filling_medians() if value == "median" else self._model

    def _refuses_missing(self):
        value = self.missing
        return value == "refuse" or (isinstance(value, dict) and value.get("numeric", "refuse") == "refuse" and "constant" not in value)

    def _given_back(self, numbers, names, categories):
        """What the program gives back, in the shape that was fitted."""
        if self._library is None and categories:
            import importlib.util

            library = "polars" if importlib.util.find_spec("polars") else "pandas"
        else:
            library = self._library
        if library is not None:
            return to_frame(library, numbers, names, categories, self._names)
        if names == self._names:
            return numbers
        rows = np.full((len(numbers), len(self._names)), np.nan, dtype=np.float32)
        place = {name: at for at, name in enumerate(self._names)}
        rows[:, [place[name] for name in names]] = numbers
        return rows

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_model")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = not self._refuses_missing()
        tags.input_tags.string = False
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
