#!/usr/bin/env python3
"""Makes interactions.tsv, a small made-up shop, and expected.tsv, what two scorers reach on it.

Independent of the C++ code on purpose: dense matrices, one line per definition. Needs numpy.
Run in this folder; prints nothing.
"""

import numpy as np

USERS, ITEMS, EVENTS, CUT = 60, 40, 1500, 1_700_000_000
NEIGHBOURS, SHRINKAGE = 8, 5.0


def make_interactions(rng):
    """Shoppers of four tastes; popular items are popular with everybody."""
    rows = []
    popularity = 1 / np.arange(1, ITEMS + 1) ** 0.6
    for _ in range(EVENTS):
        user = int(USERS * rng.random() ** 1.3)
        weight = popularity * np.where(np.arange(ITEMS) % 4 == user % 4, 6, 1)
        item = int(rng.choice(ITEMS, p=weight / weight.sum()))
        rows.append((f"u{user}", f"i{item}", CUT + int(rng.integers(-300_000, 100_000))))
    return rows


def split(rows):
    """Binary user x item matrices before and after the cut; test keeps known users and items."""
    train = [row for row in rows if row[2] < CUT]
    items = {}  # In order of first appearance in the whole file: ties go to the earlier.
    for _, item, _ in rows:
        items.setdefault(item, len(items))
    users = {}
    for user, _, _ in train:
        users.setdefault(user, len(users))
    before = np.zeros((len(users), len(items)))
    after = np.zeros_like(before)
    for user, item, time in rows:
        if user in users:
            (before if time < CUT else after)[users[user], items[item]] = 1
    known = before.any(0)
    return before, after * known, known


def metrics(scores, relevant, k):
    users = np.flatnonzero(relevant.any(1))
    order = np.argsort(-scores[users], 1, kind="stable")[:, :k]
    is_shown = np.isfinite(np.take_along_axis(scores[users], order, 1))
    hits = np.take_along_axis(relevant[users], order, 1) * is_shown
    count = relevant[users].sum(1).astype(int)
    discount = 1 / np.log2(np.arange(2, order.shape[1] + 2))
    ideal = np.array([discount[: min(k, n)].sum() for n in count])
    first = np.where(hits.any(1), 1 / (hits.argmax(1) + 1), 0)
    return {
        "users": len(users),
        "recall": (hits.sum(1) / count).mean(),
        "recall_min": (hits.sum(1) / np.minimum(k, count)).mean(),
        "ndcg": ((hits * discount).sum(1) / ideal).mean(),
        "hit": hits.any(1).mean(),
        "mrr": first.mean(),
    }


def most_popular(train):
    return np.tile(train.sum(0), (len(train), 1))


def item_knn(train):
    """Each item listens to its nearest neighbours by shrunk cosine, not to itself."""
    norm = np.sqrt(train.sum(0))
    similarity = (train.T @ train / (np.outer(norm, norm) + SHRINKAGE)).astype(np.float32)
    np.fill_diagonal(similarity, 0)
    kept = np.zeros_like(similarity, dtype=np.float64)
    for item in range(len(norm)):
        nearest = np.argsort(-similarity[item], kind="stable")[:NEIGHBOURS]
        kept[nearest, item] = similarity[nearest, item]
    scores = train @ kept
    return np.where(scores > 0, scores, -np.inf)


def main():
    rows = make_interactions(np.random.default_rng(20))
    with open("interactions.tsv", "w", encoding="ascii") as out:
        for user, item, time in rows:
            out.write(f"{user}\t{item}\t1\t{time}\n")
    train, test, known = split(rows)
    with open("expected.tsv", "w", encoding="ascii") as out:
        for protocol in ("new", "repeats"):
            for name, scorer in (("most_popular", most_popular), ("item_knn", item_knn)):
                scores = np.where(known, scorer(train), -np.inf)
                relevant = test
                if protocol == "new":
                    scores = np.where(train > 0, -np.inf, scores)
                    relevant = test * (1 - train)
                for k in (1, 5, 20):
                    for metric, value in metrics(scores, relevant, k).items():
                        out.write(f"{protocol}\t{name}\t{k}\t{metric}\t{value:.9f}\n")


if __name__ == "__main__":
    main()
