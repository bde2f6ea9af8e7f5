#!/usr/bin/env python3
"""Checks what `vitrine evaluate --protocol classification` measures against scikit-learn, on the
probabilities that it writes itself.

    vitrine evaluate --protocol classification --data TABLE.csv --label COLUMN \\
      --predictions predictions.csv --json > measures.json
    python3 -m venv /tmp/check && /tmp/check/bin/pip install scikit-learn
    /tmp/check/bin/python check_predictions.py TABLE.csv COLUMN predictions.csv measures.json

Prints AUC, average precision, log loss and accuracy at one half of all rows together and as means
over the folds, scikit-learn's beside ours. Ends with 1 where two differ by more than 1e-6: the file
has nine digits.
"""
import csv
import json
import sys

from sklearn import metrics

TOLERANCE = 1e-6


def is_yes(text):
    return int(text.strip().lower() in ("1", "true", "yes"))


def measure(rows):
    labels = [row["label"] for row in rows]
    probabilities = [row["probability"] for row in rows]
    called = [int(probability >= 0.5) for probability in probabilities]
    return {
        "auc": metrics.roc_auc_score(labels, probabilities),
        "average_precision": metrics.average_precision_score(labels, probabilities),
        "log_loss": metrics.log_loss(labels, probabilities),
        "accuracy": metrics.accuracy_score(labels, called),
    }


def read_rows(table, column, predictions):
    with open(table, newline="", encoding="utf-8-sig") as file:
        labels = [is_yes(row[column]) for row in csv.DictReader(file)]
    with open(predictions, newline="") as file:
        rows = [{"label": labels[int(line["row"]) - 1], "fold": int(line["fold"]),
                 "probability": float(line["probability"])} for line in csv.DictReader(file)]
    if len(rows) != len(labels):
        sys.exit(f"{predictions} has {len(rows)} rows, {table} {len(labels)}: not of one run")
    return rows


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    table, column, predictions, measures = sys.argv[1:]
    rows = read_rows(table, column, predictions)
    with open(measures) as file:
        ours = json.load(file)
    folds = [measure([row for row in rows if row["fold"] == fold])
             for fold in sorted({row["fold"] for row in rows})]
    theirs = {"all rows": measure(rows),
              "mean": {name: sum(fold[name] for fold in folds) / len(folds) for name in folds[0]}}
    pooled = dict(ours["pooled"], accuracy=ours["pooled"]["at_half"]["accuracy"])
    largest = 0
    print(f"{'':10}{'':20}{'scikit-learn':>14}{'ours':>14}{'difference':>12}")
    for part, own in (("all rows", pooled), ("mean", ours["means"])):
        for name, value in theirs[part].items():
            largest = max(largest, abs(value - own[name]))
            print(f"{part:10}{name:20}{value:14.9f}{own[name]:14.9f}{value - own[name]:12.1e}")
    if largest > TOLERANCE:
        sys.exit(f"they differ by up to {largest:.1e}")


main()
