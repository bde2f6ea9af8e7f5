#!/usr/bin/env python3
"""Makes interactions.tsv and visits.tsv, a small made-up shop by shopper and by visit, and
expected.tsv, what two scorers reach on them by every protocol.

Independent of the C++ code on purpose: dense matrices, one line per definition. Needs numpy.
Run in this folder; prints nothing.
"""

import numpy as np

USERS, ITEMS, EVENTS, CUT = 60, 40, 1500, 1_700_000_000
NEIGHBOURS, SHRINKAGE = 8, 5.0
VISIT, MOMENT, DAY, SHARE = 100_000, 20_000, 86_400, 0.2


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


def by_visit(rows):
    """Every shopper's rows cut into visits, and these into few moments."""
    return [(f"{user}v{time // VISIT}", item, time // MOMENT * MOMENT) for user, item, time in rows]


class Shop:
    """Histories oldest first, of one moment in the file's order; items by first appearance."""

    def __init__(self, rows):
        self.items, self.histories = {}, {}
        for user, item, time in rows:
            index = self.items.setdefault(item, len(self.items))
            self.histories.setdefault(user, []).append((time, index))
        for history in self.histories.values():
            history.sort(key=lambda event: event[0])


# A protocol gives what trains (a list of items for each user), the cases (what is shown, what is
# right), what may be recommended, and whether what is shown is masked.


def temporal(shop, is_masked):
    train, cases = [], []
    for history in shop.histories.values():
        before = [item for time, item in history if time < CUT]
        if before:
            train.append(before)
            cases.append((before, {item for time, item in history if time >= CUT}))
    known = {item for items in train for item in items}
    return train, [(shown, right & known) for shown, right in cases], known, is_masked


def leave_last_out(shop, is_validation):
    train, cases = [], []
    for history in shop.histories.values():
        items = [item for _, item in history]
        if len(items) < 3:
            train.append(items)
            continue
        answer = -2 if is_validation else -1
        train.append(items[:-2])
        cases.append((items[:answer], {items[answer]}))
    return train, cases, set(shop.items.values()), True


def next_basket(shop, is_validation):
    train, cases = [], []
    for history in shop.histories.values():
        if is_validation and history[0][0] != history[-1][0]:
            history = [event for event in history if event[0] != history[-1][0]]
        last = history[-1][0]
        if history[0][0] == last:
            train.append([item for _, item in history])
            continue
        shown = [item for time, item in history if time != last]
        train.append(shown)
        cases.append((shown, {item for time, item in history if time == last}))
    return train, cases, set(shop.items.values()), False


def session_prefix(shop, is_validation):
    sessions = list(shop.histories.values())
    for _ in range(2 if is_validation else 1):
        days = sorted(session[0][0] // DAY for session in sessions)
        cut = days[len(days) - int(np.ceil(SHARE * len(days)))]
        later = [session for session in sessions if session[0][0] // DAY >= cut]
        sessions = [session for session in sessions if session[0][0] // DAY < cut]
    items = [[item for _, item in session] for session in later]
    cases = [(session[:i], {session[i]}) for session in items for i in range(1, len(session))]
    train = [[item for _, item in session] for session in sessions]
    return train, cases, set(shop.items.values()), False


def most_popular(train, shown):
    return np.tile(train.sum(0), (len(shown), 1))


def item_knn(train, shown):
    """Each item listens to its nearest neighbours by shrunk cosine, not to itself."""
    norm = np.sqrt(train.sum(0))
    similarity = (train.T @ train / (np.outer(norm, norm) + SHRINKAGE)).astype(np.float32)
    np.fill_diagonal(similarity, 0)
    kept = np.zeros_like(similarity, dtype=np.float64)
    for item in range(len(norm)):
        nearest = np.argsort(-similarity[item], kind="stable")[:NEIGHBOURS]
        kept[nearest, item] = similarity[nearest, item]
    scores = shown @ kept
    return np.where(scores > 0, scores, -np.inf)


def metrics(scores, relevant, k):
    order = np.argsort(-scores, 1, kind="stable")[:, :k]
    is_shown = np.isfinite(np.take_along_axis(scores, order, 1))
    hits = np.take_along_axis(relevant, order, 1) * is_shown
    count = relevant.sum(1).astype(int)
    ranks = np.arange(1, order.shape[1] + 1)
    discount = 1 / np.log2(ranks + 1)
    ideal = np.array([discount[: min(k, n)].sum() for n in count])
    first = np.where(hits.any(1), 1 / (hits.argmax(1) + 1), 0)
    precision = hits.cumsum(1) / ranks
    return {
        "cases": len(scores),
        "recall": (hits.sum(1) / count).mean(),
        "recall_min": (hits.sum(1) / np.minimum(k, count)).mean(),
        "ndcg": ((hits * discount).sum(1) / ideal).mean(),
        "hit": hits.any(1).mean(),
        "mrr": first.mean(),
        "map": ((hits * precision).sum(1) / np.minimum(k, count)).mean(),
    }, np.bincount(order[is_shown], minlength=scores.shape[1])


def exposure(shown, owners, users):
    """Of the candidates alone."""
    pairs = np.abs(shown[:, None] - shown[None, :]).mean()
    surprise = -np.log2(np.maximum(owners, 1) / users)
    order = np.argsort(-owners, kind="stable")
    held_before = np.concatenate(([0], owners[order].cumsum()[:-1]))
    tail = np.ones(len(owners), bool)
    tail[order[held_before < 0.8 * owners.sum()]] = False
    return {
        "coverage": (shown > 0).mean(),
        "novelty": (shown * surprise).sum() / shown.sum(),
        "gini": pairs / (2 * shown.mean()),
        "long_tail": shown[tail].sum() / shown.sum(),
    }


def auc(scores, relevant, masked, known):
    """Over all negatives; two unknown items are a tie."""
    values = []
    for score, right, mask in zip(scores, relevant, masked):
        low = score[known & ~mask & (right == 0)]
        high = score[right > 0]
        wins = (high[:, None] > low).sum() + 0.5 * (high[:, None] == low).sum()
        values.append(wins / (len(high) * len(low)))
    return np.mean(values)


def binary(lists, num_items):
    matrix = np.zeros((len(lists), num_items))
    for row, items in enumerate(lists):
        matrix[row, list(items)] = 1
    return matrix


def evaluate(shop, protocol, flag):
    """Yields (scorer, k, metric, value)."""
    train, cases, candidates, is_masked = protocol(shop, flag)
    train = binary(train, len(shop.items))
    shown = binary([items for items, _ in cases], len(shop.items))
    relevant = binary([right for _, right in cases], len(shop.items))
    masked = shown * is_masked > 0
    relevant = relevant * ~masked
    is_asked = relevant.any(1)
    shown, relevant, masked = shown[is_asked], relevant[is_asked], masked[is_asked]
    known = np.isin(np.arange(len(shop.items)), list(candidates))
    for name, scorer in (("most_popular", most_popular), ("item_knn", item_knn)):
        plain = scorer(train, shown)
        scores = np.where(known & ~masked, plain, -np.inf)
        for k in (1, 5, 20):
            means, times = metrics(scores, relevant, k)
            means |= exposure(times[known], train.sum(0)[known], len(train))
            for metric, value in means.items():
                yield name, k, metric, value
        yield name, 0, "auc", auc(plain, relevant, masked, known)


def write(path, rows):
    with open(path, "w", encoding="ascii") as out:
        for user, item, time in rows:
            out.write(f"{user}\t{item}\t1\t{time}\n")


def main():
    rows = make_interactions(np.random.default_rng(20))
    visits = by_visit(rows)
    write("interactions.tsv", rows)
    write("visits.tsv", visits)
    protocols = (
        ("new", Shop(rows), temporal, True),
        ("repeats", Shop(rows), temporal, False),
        ("leave-last-out", Shop(rows), leave_last_out, False),
        ("leave-last-out-validation", Shop(rows), leave_last_out, True),
        ("next-basket", Shop(visits), next_basket, False),
        ("next-basket-validation", Shop(visits), next_basket, True),
        ("session-prefix", Shop(visits), session_prefix, False),
        ("session-prefix-validation", Shop(visits), session_prefix, True),
    )
    with open("expected.tsv", "w", encoding="ascii") as out:
        for label, shop, protocol, flag in protocols:
            for name, k, metric, value in evaluate(shop, protocol, flag):
                out.write(f"{label}\t{name}\t{k}\t{metric}\t{value:.9f}\n")


if __name__ == "__main__":
    main()
