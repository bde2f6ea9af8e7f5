#!/usr/bin/env python3
"""Makes online_retail_rfm.txt: the RFM grid of UCI Online Retail as pandas counts it.

    python3 make_rfm.py PATH/online_retail.csv        (needs pandas)

Purchases are the rows with a customer, whose InvoiceNo does not start with C and whose Quantity and
UnitPrice are above 0. An order is the rows of one invoice of one customer, at the first of their times.
A score is ceil(5 * rank / n), equal customers at the rank of the first of them: of the time of the
last order, of the number of orders, and of the sum of Quantity * UnitPrice, in millionths so that
equal sums are equal.

A line is a recency, frequency and monetary score and how many customers have them; the first line is
how many customers, orders and millionths there are.
"""
import pathlib
import sys

import numpy as np
import pandas as pd

rows = pd.read_csv(sys.argv[1], dtype={"InvoiceNo": str, "StockCode": str})
rows = rows[
    rows.CustomerID.notna()
    & ~rows.InvoiceNo.str.startswith("C")
    & (rows.Quantity > 0)
    & (rows.UnitPrice > 0)
].copy()
rows["time"] = pd.to_datetime(rows.InvoiceDate).dt.tz_localize("Europe/London")
rows["micros"] = (rows.UnitPrice * 1e6).round().astype("int64") * rows.Quantity

orders = rows.groupby(["CustomerID", "InvoiceNo"]).agg(time=("time", "min"), micros=("micros", "sum"))
customers = orders.groupby("CustomerID").agg(
    last=("time", "max"), orders=("time", "size"), micros=("micros", "sum")
)
n = len(customers)
scores = pd.DataFrame(
    {
        name: np.ceil(5 * customers[column].rank(method="min") / n).astype(int)
        for name, column in (("r", "last"), ("f", "orders"), ("m", "micros"))
    }
)
with open(pathlib.Path(__file__).parent / "online_retail_rfm.txt", "w") as out:
    out.write("%d %d %d\n" % (n, len(orders), customers.micros.sum()))
    for (r, f, m), count in scores.value_counts().sort_index().items():
        out.write("%d %d %d %d\n" % (r, f, m, count))
