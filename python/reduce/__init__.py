"""A wide table goes in; a learned code for every row and an honest 2-D map of them come out.

- :class:`Autoencoder` learns a short code for every row, as a scikit-learn transformer.
- :class:`TSNE` lays rows out as a map, and places new rows on it.
- :class:`Pipeline` runs a pipeline file as the command ``reduce run`` does, and reads what it left.
"""

from ._autoencoder import Autoencoder
from ._reduce import Stopped, __version__
from ._pipeline import Pipeline, Run
from ._tsne import TSNE

__all__ = ["Autoencoder", "Pipeline", "Run", "Stopped", "TSNE", "__version__"]
