"""The other side of scripts/compare_implicit: `implicit`'s ALS until it reaches a recall@20.

implicit_race.py TRAIN TEST DIMENSIONS GOAL [ALPHA REGULARISATION]
"""

import sys
import time

import implicit
import numpy as np
import scipy.sparse as sp

THREADS = 2
MOST_EPOCHS = 30


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


def recall_at_20(model, train, test):
    users = np.flatnonzero(np.diff(test.indptr))
    items, _ = model.recommend(users, train[users], N=20, filter_already_liked_items=True)
    total = 0.0
    for user, shown in zip(users, items):
        relevant = test.indices[test.indptr[user] : test.indptr[user + 1]]
        total += np.isin(shown, relevant).sum() / len(relevant)
    return total / len(users)


def main():
    train_pairs, test_pairs = read(sys.argv[1]), read(sys.argv[2])
    dimensions, goal = int(sys.argv[3]), float(sys.argv[4])
    # Chosen on a part cut from the training file, among 3 x 3.
    alpha = float(sys.argv[5]) if len(sys.argv) > 5 else 100.0
    regularisation = float(sys.argv[6]) if len(sys.argv) > 6 else 10.0
    shape = tuple(1 + max(a.max(), b.max()) for a, b in zip(train_pairs, test_pairs))
    train, test = (
        sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape)
        for rows, columns in (train_pairs, test_pairs)
    )
    model = implicit.als.AlternatingLeastSquares(
        factors=dimensions,
        regularization=regularisation,
        alpha=alpha,
        iterations=MOST_EPOCHS,
        num_threads=THREADS,
        random_state=1,
    )
    seconds = 0.0

    def after_epoch(epoch, epoch_seconds, _):
        nonlocal seconds
        seconds += epoch_seconds
        recall = recall_at_20(model, train, test)
        print(f"implicit d={dimensions} epoch {epoch + 1}: {seconds:.3f} s, recall@20 {recall:.4f}",
              flush=True)
        if recall >= goal:
            raise GoalReached

    try:
        model.fit(train, show_progress=False, callback=after_epoch)
        print(f"implicit d={dimensions}: {goal} not reached in {MOST_EPOCHS} epochs")
    except GoalReached:
        pass


if __name__ == "__main__":
    main()
