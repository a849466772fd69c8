"""One tree of errors. What descends from `AppError` may be shown to the analyst as it is.

AppError
├── ConfigError    a setting is out of bounds or does not fit the task  (also a ValueError)
├── DataError      the table cannot be used as asked                    (also a ValueError)
│   └── TableFileError   a file could not be read as a table
├── BundleError    a model file is not one, or is damaged               (also a ValueError)
│   ├── BundleMissingError   there is no such file                      (also a FileNotFoundError)
│   └── BundleWriteError     the disk refused to take it                (also an OSError)
├── CheckpointError  a checkpoint cannot be gone on from                (also a ValueError)
│   └── CheckpointMismatchError   it is sound, and another training's
├── TrainingError  a training could not go on                           (also a ValueError)
├── TrainingPaused a training was asked to pause, and its checkpoint is written
└── RunError       a run, a dataset or the workspace is not as needed   (also a RuntimeError)
    └── DiskError        the disk refused to take something; later it may not
"""


class AppError(Exception):
    """An error in one plain sentence: what is wrong, the value found, what to do.

    `str(error)` is the message; where the specification fixes the message's wording, `remedy`
    holds the rest, and `sentence` gives both.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    @property
    def sentence(self) -> str:
        """Return the message with its remedy, as pages show it."""
        return f"{self}. {self.remedy}" if self.remedy else str(self)


class ConfigError(AppError, ValueError):
    """A setting is out of bounds or does not fit the task."""


class DataError(AppError, ValueError):
    """The table cannot be used as asked."""


class TableFileError(DataError):
    """A file could not be read as a table."""


class BundleError(AppError, ValueError):
    """A model file is not one, is damaged, or cannot be written."""


class BundleMissingError(BundleError, FileNotFoundError):
    """There is no model file at the path given."""


class BundleWriteError(BundleError, OSError):
    """The disk refused to take the model file."""


class CheckpointError(AppError, ValueError):
    """A checkpoint cannot be gone on from: it is missing, or damaged."""


class CheckpointMismatchError(CheckpointError):
    """A checkpoint is sound, and of a training with another table, other settings or another teacher."""


class TrainingError(AppError, ValueError):
    """A training could not go on."""


class TrainingPaused(AppError):  # noqa: N818 - it is no error, but what ends the call
    """A training was asked to pause, and its checkpoint is written."""


class RunError(AppError, RuntimeError):
    """A run, a dataset or the workspace is not as needed."""


class DiskError(RunError):
    """The disk refused to take something: it is full, read-only or not allowed; later it may be."""
