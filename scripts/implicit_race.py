"""The other side of scripts/compare_implicit: `implicit`'s ALS.

implicit_race.py choose TRAIN DIMENSIONS
    The settings of GRID that do best on a fifth of each user's items in TRAIN, held back, as
    "ALPHA REGULARIZATION" on standard output. Takes no part in the race.
implicit_race.py race TRAIN TEST DIMENSIONS GOAL ALPHA REGULARIZATION
    Trains with them epoch by epoch until recall@20 reaches GOAL, and prints the seconds of training.
"""

import sys

import implicit
import numpy as np
import scipy.sparse as sp

THREADS = 2
MOST_EPOCHS = 12
GRID = [(alpha, regularisation)
        for alpha in (25.0, 50.0, 100.0, 200.0) for regularisation in (10.0, 30.0, 100.0, 300.0)]
GRID_EPOCHS = 6
GRID_USERS = 5000  # Asked for the recall of each.


class GoalReached(Exception):
    """Ends the training."""


def read(path):
    rows, columns = [], []
    with open(path) as lines:
        for line in lines:
            numbers = [int(word) for word in line.split()]
            rows += [numbers[0]] * (len(numbers) - 1) if numbers else []
            columns += numbers[1:]
    return np.array(rows), np.array(columns)


def recall_at_20(model, train, test, most_users=None):
    users = np.flatnonzero(np.diff(test.indptr))[:most_users]
    items, _ = model.recommend(users, train[users], N=20, filter_already_liked_items=True)
    total = 0.0
    for user, shown in zip(users, items):
        relevant = test.indices[test.indptr[user] : test.indptr[user + 1]]
        total += np.isin(shown, relevant).sum() / len(relevant)
    return total / len(users)


def matrix(pairs, shape):
    rows, columns = pairs
    return sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape)


def als(dimensions, epochs, alpha, regularisation):
    return implicit.als.AlternatingLeastSquares(
        factors=dimensions,
        regularization=regularisation,
        alpha=alpha,
        iterations=epochs,
        num_threads=THREADS,
        random_state=1,
    )


def best_of_grid(pairs, shape, dimensions):
    is_held_back = np.random.default_rng(1).random(len(pairs[0])) < 0.2
    train = matrix([part[~is_held_back] for part in pairs], shape)
    test = matrix([part[is_held_back] for part in pairs], shape)
    recalls = {}
    for settings in GRID:
        model = als(dimensions, GRID_EPOCHS, *settings)
        model.fit(train, show_progress=False)
        recalls[settings] = recall_at_20(model, train, test, GRID_USERS)
        print(f"implicit d={dimensions} alpha {settings[0]:g} regularization {settings[1]:g}: "
              f"recall@20 {recalls[settings]:.4f} on what was held back", file=sys.stderr)
    return max(recalls, key=recalls.get)


def choose(train_path, dimensions):
    pairs = read(train_path)
    shape = tuple(1 + part.max() for part in pairs)
    print(*best_of_grid(pairs, shape, int(dimensions)))


def race(train_path, test_path, dimensions, goal, *settings):
    train_pairs, test_pairs = read(train_path), read(test_path)
    shape = tuple(1 + max(a.max(), b.max()) for a, b in zip(train_pairs, test_pairs))
    train, test = matrix(train_pairs, shape), matrix(test_pairs, shape)
    model = als(int(dimensions), MOST_EPOCHS, *map(float, settings))
    seconds = 0.0

    def after_epoch(epoch, epoch_seconds, _):
        nonlocal seconds
        seconds += epoch_seconds
        recall = recall_at_20(model, train, test)
        print(f"implicit d={dimensions} epoch {epoch + 1}: {seconds:.3f} s, recall@20 {recall:.4f}",
              flush=True)
        if recall >= float(goal):
            raise GoalReached

    try:
        model.fit(train, show_progress=False, callback=after_epoch)
    except GoalReached:
        pass


if __name__ == "__main__":
    {"choose": choose, "race": race}[sys.argv[1]](*sys.argv[2:])
