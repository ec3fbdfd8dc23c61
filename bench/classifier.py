"""A random forest on the features of incidents, run in an environment of its own.

    .venv-bench/bin/python bench/classifier.py < rows.json > judged.json

In: {"train": [...], "test": {name: [...]}}, each row {"x": [...], "genuine": bool, "multi": bool}.
Out: {"threshold": number, "scores": {name: [how genuine it calls a row, 0 to 1, ...]}}.  The
threshold is the highest at which it keeps 97 of 100 genuine multi-zone rows of the training set,
judged by folds it was not trained on.
"""

import json
import sys

KEEP = 0.97


def main() -> None:
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415  only here, only there
    from sklearn.model_selection import cross_val_predict  # noqa: PLC0415  the same

    asked = json.load(sys.stdin)
    train = asked["train"]
    rows, truth = [row["x"] for row in train], [row["genuine"] for row in train]
    forest = RandomForestClassifier(
        n_estimators=200, min_samples_leaf=3, class_weight="balanced", random_state=1, n_jobs=1
    )
    scores = cross_val_predict(forest, rows, truth, cv=4, method="predict_proba")[:, 1]
    genuine = sorted(
        score for score, row in zip(scores, train, strict=True) if row["genuine"] and row["multi"]
    )
    threshold = genuine[int(len(genuine) * (1 - KEEP))]
    forest.fit(rows, truth)
    found = {
        name: [float(score) for score in forest.predict_proba([row["x"] for row in test])[:, 1]]
        for name, test in asked["test"].items()
        if test
    }
    json.dump({"threshold": float(threshold), "scores": found}, sys.stdout)


if __name__ == "__main__":
    main()
