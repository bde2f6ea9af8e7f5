"""Writes train.csv and new.csv, made-up tables, and expected.tsv: what scikit-learn, pandas and
numpy make of them. A line of expected.tsv is a case, a table, a column and its cells, separated by
tabs; a missing cell is empty. Run in this folder; needs numpy, pandas, scikit-learn >= 1.7, xxhash.
"""

import struct

import numpy as np
import pandas as pd
import xxhash
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (KBinsDiscretizer, MinMaxScaler, OneHotEncoder, OrdinalEncoder,
                                   RobustScaler, StandardScaler, TargetEncoder)

random = np.random.default_rng(20261127)


def table(rows, brands):
    brand = random.choice(brands, rows, p=np.arange(len(brands), 0, -1) / sum(range(1, len(brands) + 1)))
    price = np.round(np.exp(random.normal(3, 1.2, rows)), 2)
    visits = random.poisson(6, rows).astype(float)
    rating = np.round(random.uniform(1, 5, rows), 1)
    rating[random.random(rows) < 0.2] = np.nan
    country = random.choice(np.array(["UK", "DE", "FR", "日本"], dtype=object), rows)
    country[random.random(rows) < 0.15] = None
    seen = 1_300_000_000 + random.integers(0, 40_000_000, rows)
    target = np.round(visits * 0.5 + (brand == brands[0]) * 2 + random.normal(0, 1, rows), 3)
    return pd.DataFrame({"price": price, "visits": visits, "rating": rating, "same": 7.25,
                         "brand": brand, "country": country, "seen": seen, "target": target})


train = table(83, ["Acme", "Bolt", "Cora", "Dune", "Elm"])
new = table(29, ["Acme", "Bolt", "Cora", "Zeta"])
new.loc[0, "price"] = 5000.0
new.loc[1, "price"] = 0.01
new.loc[2, "visits"] = 60.0
train.to_csv("train.csv", index=False)
new.to_csv("new.csv", index=False)
train = pd.read_csv("train.csv")
new = pd.read_csv("new.csv")

numbers = ["price", "visits", "rating", "same"]
lines = []


def put(case, which, column, values):
    cells = ["" if pd.isna(v) else (v if isinstance(v, str) else repr(float(v))) for v in values]
    lines.append("\t".join([case, which, column] + cells))


def put_all(case, columns, of_train, of_new):
    for which, values in (("train", of_train), ("new", of_new)):
        values = np.asarray(values)
        for i, column in enumerate(columns):
            put(case, which, column, values[:, i])


def fit(case, transform, columns, names=None):
    of_train = transform.fit_transform(train[columns])
    put_all(case, names or columns, of_train, transform.transform(new[columns]))


fit("min_max", MinMaxScaler(), numbers)
fit("min_max_clipped", MinMaxScaler(feature_range=(-1, 1), clip=True), numbers)
fit("standard", StandardScaler(), numbers)
fit("robust", RobustScaler(), numbers)
fit("robust_10_90", RobustScaler(quantile_range=(10, 90)), numbers)
put_all("log1p", numbers, np.log1p(train[numbers]), np.log1p(new[numbers]))
fit("bins", KBinsDiscretizer(5, encode="ordinal", strategy="quantile", quantile_method="linear",
                             subsample=None), ["price", "visits", "same"])

one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(train[["brand"]])
fit("one_hot", one_hot, ["brand"], ["brand=" + c for c in one_hot.categories_[0]])
counts = train["brand"].value_counts()
by_frequency = sorted(counts.index, key=lambda brand: (-counts[brand], brand))
fit("ordinal", OrdinalEncoder(categories=[by_frequency], handle_unknown="use_encoded_value",
                              unknown_value=len(by_frequency)), ["brand"])

for smoothing in (0.0, 10.0):
    encoder = TargetEncoder(smooth=smoothing, cv=5, shuffle=False, target_type="continuous")
    of_train = encoder.fit_transform(train[["brand", "country"]], train["target"])
    put_all(f"target_mean_{smoothing:g}", ["brand", "country"], of_train,
            encoder.transform(new[["brand", "country"]]))

for strategy in ("mean", "median", "most_frequent"):
    fit(f"impute_{strategy}", SimpleImputer(strategy=strategy), ["rating", "visits"])
fit("impute_constant", SimpleImputer(strategy="constant", fill_value=-1.0), ["rating", "visits"])
fit("impute_most_frequent_text", SimpleImputer(strategy="most_frequent", missing_values=np.nan),
    ["country"])
marked = SimpleImputer(strategy="median", add_indicator=True)
fit("impute_marked", marked, ["rating"], ["rating", "rating_missing"])
# Of new rows, the first gaps get the last value of the training rows.
joined = pd.concat([train["rating"], new["rating"]]).ffill()
put("impute_last", "train", "rating", train["rating"].ffill().bfill())
put("impute_last", "new", "rating", joined.iloc[len(train):])

low, high = np.percentile(train["price"], [5, 95])
put_all("clip_quantile", ["price"], train[["price"]].clip(low, high), new[["price"]].clip(low, high))
mean, deviation = train["price"].mean(), train["price"].std(ddof=0)
reach = 1.5 * deviation
put_all("clip_z_score", ["price"], train[["price"]].clip(mean - reach, mean + reach),
        new[["price"]].clip(mean - reach, mean + reach))
put("deduplicate_first", "train", "price", train.drop_duplicates(["brand", "country"])["price"])
put("deduplicate_last", "train", "price",
    train.drop_duplicates(["brand", "country"], keep="last")["price"])

for zone in ("UTC", "America/New_York"):
    for which, rows in (("train", train), ("new", new)):
        local = pd.to_datetime(rows["seen"], unit="s", utc=True).dt.tz_convert(zone)
        for name, steps, period in (("hour", local.dt.hour, 24), ("weekday", local.dt.dayofweek, 7)):
            put(f"cyclical_{zone}", which, f"seen_{name}_sin", np.sin(2 * np.pi * steps / period))
            put(f"cyclical_{zone}", which, f"seen_{name}_cos", np.cos(2 * np.pi * steps / period))

buckets = np.zeros((len(new), 8))
for column in ("brand", "country"):
    for row, value in enumerate(new[column]):
        if pd.isna(value):
            continue
        key = struct.pack("<Q", 42) + f"{column}={value}".encode()
        digest = xxhash.xxh3_64_intdigest(key)
        buckets[row, (digest >> 1) % 8] += -1 if digest & 1 else 1
for bucket in range(8):
    put("hash", "new", f"hash_{bucket}", buckets[:, bucket])

with open("expected.tsv", "w", encoding="utf-8") as file:
    file.write("\n".join(lines) + "\n")
