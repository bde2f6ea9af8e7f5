"""Measures surprise's models on the folds that `vitrine evaluate --predictions` wrote.

usage: surprise_race.py PREDICTIONS

Each line is user, item, rating, fold and what vitrine predicted, with tabs between. Prints the root
mean squared error over all ratings, and its mean over the folds, of vitrine and of surprise's SVD
and BaselineOnly, both with their defaults.
"""

import sys

import numpy as np
import surprise


def rmse(errors):
    return np.sqrt(np.mean(np.square(errors)))


def report(name, errors, folds):
    by_fold = [rmse(errors[folds == fold]) for fold in np.unique(folds)]
    print(f"{name:<24} rmse {rmse(errors):.4f}  mean of folds {np.mean(by_fold):.4f}  "
          f"mae {np.mean(np.abs(errors)):.4f}  by fold {' '.join(f'{x:.4f}' for x in by_fold)}")


def main():
    rows = [line.rstrip("\n").split("\t") for line in open(sys.argv[1], encoding="utf-8")]
    ratings = np.array([float(row[2]) for row in rows])
    folds = np.array([int(row[3]) for row in rows])
    report("vitrine", np.array([float(row[4]) for row in rows]) - ratings, folds)

    reader = surprise.Reader(rating_scale=(ratings.min(), ratings.max()))
    models = {
        "surprise SVD": lambda: surprise.SVD(random_state=1),
        "surprise BaselineOnly": lambda: surprise.BaselineOnly(verbose=False),
    }
    for name, make in models.items():
        errors = np.empty(len(rows))
        for fold in np.unique(folds):
            train = [(r[0], r[1], float(r[2]), None) for r, f in zip(rows, folds) if f != fold]
            data = surprise.Dataset(reader)
            model = make().fit(data.construct_trainset(train))
            for i in np.flatnonzero(folds == fold):
                errors[i] = model.predict(rows[i][0], rows[i][1]).est - ratings[i]
        report(name, errors, folds)


if __name__ == "__main__":
    main()
