#!/usr/bin/env python3
"""Makes cases.txt and golden.txt: 200 made-up predictions, and what scikit-learn says of them.

    python3 make_golden.py        (needs numpy and scikit-learn)

cases.txt, a case a line: 1 where it came true, else 0, and the probability that was given to it; to
two digits, so that there are ties, and a few are 0 or 1. golden.txt, a word and numbers a line:

    at                 threshold, true positives, false positives, false negatives, true negatives,
                       accuracy, precision, recall, F1, of cases called positive from it on
    auc, average_precision, log_loss
    calibration_error  from the ten bins of sklearn.calibration.calibration_curve
    best               the threshold of the largest F1, the largest of equals, and that F1
    roc                threshold, false positive rate, true positive rate; all points
    precision_recall   threshold, precision, recall; from the largest threshold on
    fold               negatives and positives of each fold, sorted, of StratifiedKFold(7)
"""
import pathlib

import numpy as np
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.model_selection import StratifiedKFold

folder = pathlib.Path(__file__).parent
random = np.random.default_rng(2026)
labels = (random.random(200) < 0.3).astype(int)
probabilities = 1 / (1 + np.exp(-random.normal(loc=1.6 * labels - 1.0, scale=1.2)))
probabilities = np.round(probabilities, 2)
probabilities[:4] = [0, 1, 1, 0]
labels[:4] = [0, 1, 0, 1]

with open(folder / "cases.txt", "w") as out:
    for label, probability in zip(labels, probabilities):
        out.write("%d %.2f\n" % (label, probability))

with open(folder / "golden.txt", "w") as out:

    def write(word, *numbers):
        out.write(word + "".join(" %.15g" % number for number in numbers) + "\n")

    for threshold in (0.2, 0.5, 0.75, 1.5):
        called = (probabilities >= threshold).astype(int)
        (tn, fp), (fn, tp) = metrics.confusion_matrix(labels, called)
        write("at", threshold, tp, fp, fn, tn, metrics.accuracy_score(labels, called),
              metrics.precision_score(labels, called, zero_division=0),
              metrics.recall_score(labels, called), metrics.f1_score(labels, called))
    write("auc", metrics.roc_auc_score(labels, probabilities))
    write("average_precision", metrics.average_precision_score(labels, probabilities))
    write("log_loss", metrics.log_loss(labels, probabilities))
    share, mean = calibration_curve(labels, probabilities, n_bins=10)
    bins = np.searchsorted(np.linspace(0, 1, 11)[1:-1], probabilities)
    counts = np.bincount(bins, minlength=10)
    write("calibration_error", np.sum(counts[counts > 0] * np.abs(share - mean)) / len(labels))
    precision, recall, thresholds = metrics.precision_recall_curve(labels, probabilities)
    f1 = [metrics.f1_score(labels, probabilities >= threshold) for threshold in thresholds]
    best = max(range(len(f1)), key=lambda i: (round(f1[i], 12), thresholds[i]))
    write("best", thresholds[best], f1[best])
    false, true, roc_thresholds = metrics.roc_curve(labels, probabilities, drop_intermediate=False)
    for point in zip(roc_thresholds, false, true):
        write("roc", *point)
    for point in reversed(list(zip(thresholds, precision, recall))):
        write("precision_recall", *point)
    for _, held_out in StratifiedKFold(7).split(labels, labels):
        positives = labels[held_out].sum()
        write("fold", len(held_out) - positives, positives)
