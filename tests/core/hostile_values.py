"""JSON members that are sound JSON, with values that no model has."""

from __future__ import annotations

from tests.core.bundle_samples import make_schema
from tests.core.hostile_changes import manifest, manifest_text, preprocess, put
from tests.core.hostile_packing import Case, Piece, pieces_of, zip_of

CODES = [False] * len(make_schema().columns)  # age, city, when, id, the target, and the texts
DECILES = "0 1 2 3 4 5 6 7 8 9 10"


def deciles(text: str, column: int = 0) -> list[str]:
    """Return a list of deciles in which one column has `text`."""
    return [text if index == column else "" for index in range(len(CODES))]


MANIFESTS = {
    "another format": Case(manifest(put("format", "keras")), "not that of a Rowsmith model"),
    "newer format": Case(
        manifest_text(
            lambda data: data.replace(b'"format_version":1,"needs":"0.1.0"', b'"format_version":7,"needs":"2.5.0"')
        ),
        "update to Rowsmith 2.5.0 or newer",
    ),
    "newer format with other members": Case(
        lambda sound: zip_of(
            [
                Piece(b"manifest.json", b'{"format":"rowsmith-model","format_version":9,"needs":"3.0","x":{}}'),
                Piece(b"ensemble.safetensors", b"x"),
            ]
        ),
        "update to Rowsmith 3.0 or newer",
    ),
    "newer format, entries in another order": Case(manifest(put("format_version", 2)), "format version is 2"),
    "older format": Case(manifest(put("format_version", 0)), "format version is 0"),
    "format true": Case(manifest(put("format_version", True)), "format version is True"),
    "format huge": Case(manifest(put("format_version", 10**18)), "format version is 10"),
    "task unknown": Case(manifest(put("task", "clustering")), "'clustering', not one of"),
    "task a list": Case(manifest(put("task", ["classification"])), "a list of 1, not one of"),
    "target a number": Case(manifest(put("target_column", 5)), "5, not a text"),
    "entry missing": Case(manifest(lambda m: m.pop("class_names")), "lacks the entry 'class_names'"),
    "entry unknown": Case(manifest(put("on_load", "os.system")), "unknown entry 'on_load'"),
    "class path as mode": Case(manifest(put("model/training_mode", "os.system")), "'os.system', not one of"),
    "mode with a class": Case(manifest(put("model/__class__", "subprocess.Popen")), "unknown entry '__class__'"),
    "mode null": Case(manifest(put("model/training_mode", None)), "None, not one of"),
    "layers 10^9": Case(manifest(put("model/num_hidden_layers", 10**9)), "1000000000, not a whole number"),
    "layers negative": Case(manifest(put("model/num_hidden_layers", -1)), "-1, not a whole number"),
    "layers a share": Case(manifest(put("model/num_hidden_layers", 2.0)), "2.0, not a whole number"),
    "layers true": Case(manifest(put("model/num_hidden_layers", True)), "True, not a whole number"),
    "layers another": Case(manifest(put("model/num_hidden_layers", 3)), "lacks the tensor"),
    "width 10^9": Case(manifest(put("model/hidden_dim", 10**9)), "1000000000, not a whole number"),
    "width 0": Case(manifest(put("model/hidden_dim", 0)), "0, not a whole number"),
    "width negative": Case(manifest(put("model/hidden_dim", -8)), "-8, not a whole number"),
    "width a text": Case(manifest(put("model/hidden_dim", "8")), "'8', not a whole number"),
    "widest and deepest": Case(
        manifest(lambda m: m["model"].update(hidden_dim=8192, num_hidden_layers=64)), "too short for its network"
    ),
    "width another": Case(manifest(put("model/hidden_dim", 7)), "must be 7"),
    "inputs 10^9": Case(manifest(put("model/input_dim", 10**9)), "1000000000, not a whole number"),
    "inputs two million": Case(manifest(put("model/input_dim", 2_000_000)), "too short for its network"),
    "inputs one more": Case(manifest(put("model/input_dim", 11)), "too short|names 10 features"),
    "inputs one fewer": Case(manifest(put("model/input_dim", 9)), "names 10 features"),
    "outputs 10^9": Case(manifest(put("model/output_dim", 10**9)), "1000000000, not a whole number"),
    "outputs more than labels": Case(
        manifest(lambda m: (put("model/output_dim", 4)(m), put("class_names", None)(m))), "3 labels|too short"
    ),
    "names fewer than outputs": Case(manifest(put("class_names", ["a", "b"])), "names 2 classes"),
    "names of numbers": Case(manifest(put("class_names", [1, 2, 3])), "not a list of texts"),
    "names a text": Case(manifest(put("class_names", "abc")), "not a list of texts"),
    "dropout 1": Case(manifest(put("model/dropout", 1.0)), "1.0, not a number from 0"),
    "dropout negative": Case(manifest(put("model/dropout", -0.1)), "-0.1, not a number from 0"),
    "dropout a text": Case(manifest(put("model/dropout", "0")), "'0', not a number"),
    "dropout none": Case(manifest(put("model/dropout", 0)), "tensor 'net"),
    "a number's mode for classes": Case(
        manifest(lambda m: (m.update(task="regression"), put("model/training_mode", "imbalance_aware")(m))),
        "does not go with the task",
    ),
    "classes although a number": Case(manifest(put("task", "regression")), "names classes although"),
    "encoder although a number": Case(
        manifest(lambda m: m.update(task="regression", class_names=None)), "label encoder although"
    ),
    "schema a list": Case(manifest(put("schema", [])), "where an object belongs"),
    "schema without end": Case(
        manifest(lambda m: m["schema"].update({entry: [0] * 25_000 for entry in m["schema"]})), "has '{25000}'"
    ),
    "schema with a list too short": Case(manifest(put("schema/role", ["feature"])), "lists of one length"),
    "schema with a text for a list": Case(manifest(put("schema/role", "feature")), "'feature', not a list"),
    "column of an unknown role": Case(manifest(put("schema/role/0", "admin")), "'admin', not one of"),
    "column of an unknown kind": Case(manifest(put("schema/kind/0", "blob")), "'blob', not one of"),
    "column twice": Case(manifest(put("schema/name/1", "age")), "'age' more"),
    "column with a count below 0": Case(manifest(put("schema/n_missing/0", -1)), "-1, not a whole number"),
    "column with too few counts": Case(manifest(put("schema/counts/1", [1])), "2 with 1 counts"),
    "column with counts of text": Case(manifest(put("schema/counts/1", ["1", "2"])), "not a list of counts"),
    "codes neither true nor false": Case(
        manifest(put("schema/is_categorical", [*CODES[:1], 1, *CODES[2:]])), "is 1, not true or false"
    ),
    "words for missing too few": Case(manifest(put("schema/missing_words", [[]])), "lists of one length"),
    "a word for missing that is a number": Case(
        manifest(put("schema/missing_words", [[1], *([] for _ in CODES[1:])])), "missing_words"
    ),
    "words for missing without end": Case(
        manifest(put("schema/missing_words", [["x"] * 300, *([] for _ in CODES[1:])])), "more or longer"
    ),
    "a word for missing without end": Case(
        manifest(put("schema/missing_words", [["x" * 300], *([] for _ in CODES[1:])])), "more or longer"
    ),
    "words to keep too few": Case(manifest(put("schema/kept_words", [[]])), "lists of one length"),
    "a word to keep that is a number": Case(
        manifest(put("schema/kept_words", [[1], *([] for _ in CODES[1:])])), "kept_words"
    ),
    "words to keep as a text": Case(manifest(put("schema/kept_words", ["NA", *([] for _ in CODES[1:])])), "kept_words"),
    "words to keep without end": Case(
        manifest(put("schema/kept_words", [["x"] * 300, *([] for _ in CODES[1:])])), "more or longer"
    ),
    "a word to keep without end": Case(
        manifest(put("schema/kept_words", [["x" * 300], *([] for _ in CODES[1:])])), "more or longer"
    ),
    "deciles too few columns": Case(manifest(put("schema/quantiles", [""])), "lists of one length"),
    "deciles as a list": Case(manifest(put("schema/quantiles", [list(range(11)), *CODES[1:]])), "not a text"),
    "ten deciles": Case(manifest(put("schema/quantiles", deciles("0 1 2 3 4 5 6 7 8 9"))), "for 11 deciles"),
    "twelve deciles": Case(manifest(put("schema/quantiles", deciles(DECILES + " 11"))), "for 11 deciles"),
    "a million deciles": Case(manifest(put("schema/quantiles", deciles("0 " * 1_000_000 + "0"))), "for 11 deciles"),
    "deciles of a blank": Case(manifest(put("schema/quantiles", deciles(" "))), "for 11 deciles"),
    "a decile that is a word": Case(manifest(put("schema/quantiles", deciles(DECILES[:-2] + "ten"))), "for 11 deciles"),
    "a decile NaN": Case(manifest(put("schema/quantiles", deciles(DECILES[:-2] + "nan"))), "for 11 deciles"),
    "a decile Infinity": Case(manifest(put("schema/quantiles", deciles(DECILES[:-2] + "Infinity"))), "for 11 deciles"),
    "a decile 1_0": Case(manifest(put("schema/quantiles", deciles(DECILES[:-2] + "1_0"))), "for 11 deciles"),
    "a decile of other digits": Case(manifest(put("schema/quantiles", deciles(DECILES[:-2] + "٣"))), "for 11 deciles"),
    "a decile 1e400": Case(manifest(put("schema/quantiles", deciles(DECILES[:-2] + "1e400"))), "not finite"),
    "deciles that fall": Case(manifest(put("schema/quantiles", deciles("0 1 2 3 4 5 6 7 8 9 8.5"))), "do not ascend"),
    "deciles of texts": Case(manifest(put("schema/quantiles", deciles(DECILES, 5))), "kind 'text' and role 'feature'"),
    "deciles of an excluded column": Case(
        manifest(
            lambda m: (put("schema/quantiles", deciles(DECILES, 3))(m), put("schema/kind/3", "number")(m)),
        ),
        "kind 'number' and role 'excluded'",
    ),
    "deciles of a target of texts": Case(
        manifest(put("schema/quantiles", deciles(DECILES, 4))), "kind 'text' and role 'target'"
    ),
    "deciles of a mixed target": Case(
        manifest(lambda m: (put("schema/quantiles", deciles(DECILES, 4))(m), put("schema/kind/4", "mixed")(m))),
        "kind 'mixed' and role 'target'",
    ),
    "codes too few": Case(manifest(put("schema/is_categorical", [False])), "lists of one length"),
    "codes a text": Case(manifest(put("schema/is_categorical", "city")), "'city', not a list"),
    "codes among the records": Case(manifest(put("record/is_categorical", CODES)), "unknown entry 'is_categorical'"),
    "codes of a number": Case(
        manifest(put("schema/is_categorical", [True, *CODES[1:]])), "True for a column of kind 'number'"
    ),
    "codes of mixed cells": Case(
        manifest(put("schema/is_categorical", [False, True, *CODES[2:]])), "True for a column of kind 'mixed'"
    ),
    "codes of dates": Case(
        manifest(put("schema/is_categorical", [*CODES[:2], True, *CODES[3:]])), "kind 'date' and role 'date'"
    ),
    "codes of an excluded column": Case(
        manifest(put("schema/is_categorical", [*CODES[:3], True, *CODES[4:]])), "kind 'empty' and role 'excluded'"
    ),
    "codes of the target": Case(
        manifest(put("schema/is_categorical", [*CODES[:4], True, *CODES[5:]])), "kind 'text' and role 'target'"
    ),
    "codes with a date order": Case(
        manifest(
            lambda m: (
                put("schema/is_categorical", [*CODES[:5], True, *CODES[6:]])(m),
                put("schema/date_order/5", "day_first")(m),
            )
        ),
        "True for a column of kind 'text'",
    ),
    "date order unknown": Case(manifest(put("schema/date_order/2", "%d")), "'%d', not one of"),
    "record a text": Case(manifest(put("record", "x")), "where an object belongs"),
    "record with a method": Case(manifest(put("record/__reduce__", [])), "unknown entry '__reduce__'"),
    "record rows negative": Case(manifest(put("record/n_rows", -5)), "-5, not a whole number"),
    "record versions of numbers": Case(manifest(put("record/versions", {"torch": 2})), "not a text"),
    "record curve of texts": Case(manifest(put("record/train_losses", ["0.1"])), "not a curve"),
    "record curve too long": Case(manifest(put("record/train_losses", [0.0] * 25_000)), "not a curve"),
    "hash wrong": Case(manifest(put("parts/weights.safetensors/sha256", "0" * 64)), "does not match the SHA-256"),
    "hash of preprocess wrong": Case(manifest(put("parts/preprocess.json/sha256", "f" * 64)), "SHA-256"),
    "hash no hash": Case(manifest(put("parts/preprocess.json/sha256", "x")), "'x', not a SHA-256"),
    "hash in capitals": Case(manifest(put("parts/preprocess.json/sha256", "A" * 64)), "not a SHA-256"),
    "size wrong": Case(manifest(put("parts/arrays.safetensors/n_bytes", 3)), "and should be 3"),
    "part unlisted": Case(manifest(lambda m: m["parts"].pop("arrays.safetensors")), "lacks the entry"),
    "part too many": Case(manifest(put("parts/evil.pkl", {})), "unknown entry 'evil.pkl'"),
    "changed weights": Case(
        lambda s: zip_of(pieces_of(s.parts | {"weights.safetensors": s.parts["weights.safetensors"][:-1] + b"\7"})),
        "does not match the SHA-256",
    ),
}

PREPROCESSES = {
    "preprocess entry missing": Case(preprocess(lambda p: p.pop("scaler")), "lacks the entry 'scaler'"),
    "preprocess with a class": Case(preprocess(put("vectorizer/class", "x.Y")), "unknown entry 'class'"),
    "vectorizer of objects": Case(preprocess(put("vectorizer/dtype", "object")), "'object', not one of"),
    "vectorizer separator a number": Case(preprocess(put("vectorizer/separator", 1)), "1, not a text"),
    "vectorizer flag a number": Case(preprocess(put("vectorizer/sparse", 1)), "not true or false"),
    "features fewer than inputs": Case(preprocess(put("vectorizer/feature_names", ["a"])), "names 1 features"),
    "feature twice": Case(preprocess(put("vectorizer/feature_names", ["a"] * 10)), "'a' more than once"),
    "feature a number": Case(preprocess(put("vectorizer/feature_names", list(range(10)))), "not a list of texts"),
    "scaler for fewer": Case(preprocess(put("scaler/n_features", 9)), "is 9, not 10"),
    "scaler null": Case(preprocess(put("scaler", None)), "where an object belongs"),
    "scaler without a scale": Case(preprocess(put("scaler/scale", None)), "contradict its arrays"),
    "scaler without a mean": Case(preprocess(put("scaler/mean", None)), "contradict its arrays"),
    "scaler of objects": Case(preprocess(put("scaler/mean", "object")), "'object', not one of"),
    "scaler of float32": Case(preprocess(put("scaler/mean", "float32")), "must be 10 of type 'F32'"),
    "target scaler for classes": Case(
        preprocess(lambda p: p.update(target_scaler=p["scaler"] | {"n_features": 3})), "although it predicts classes"
    ),
    "labels fewer than outputs": Case(preprocess(put("label_encoder/classes", ["a", "b"])), "2 labels"),
    "labels more than outputs": Case(preprocess(put("label_encoder/classes", list("abcd"))), "4 labels"),
    "labels twice": Case(preprocess(put("label_encoder/classes", ["a", "a", "b"])), "in order, each once"),
    "labels unsorted": Case(preprocess(put("label_encoder/classes", ["b", "a", "c"])), "in order, each once"),
    "labels mixed": Case(preprocess(put("label_encoder/classes", ["a", 1, None])), "not a list of texts"),
    "labels of a kind unknown": Case(preprocess(put("label_encoder/kind", "V8")), "'V8', not one of"),
    "labels 10^9 letters wide": Case(preprocess(put("label_encoder/width", 10**9)), "labels need another"),
    "labels cut": Case(preprocess(put("label_encoder/width", 2)), "labels need another"),
    "labels numbers, but text": Case(preprocess(put("label_encoder/kind", "int64")), "not a list of int64"),
    "labels beyond 64 bits": Case(
        preprocess(lambda p: p["label_encoder"].update(kind="int64", classes=[1, 2, 2**63])), "beyond 64 bits"
    ),
    "medians of objects": Case(preprocess(put("feature_medians", "object")), "'object', not one of"),
}
