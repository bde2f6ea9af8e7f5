#!/usr/bin/env python3
"""Makes points.txt and clusters_golden.txt: 120 made-up points, and what scikit-learn says of them.

    python3 make_clusters.py        (needs numpy and scikit-learn)

points.txt, a point a line: three coordinates, the cluster that it was made in, and the cluster of a
second, worse guess. clusters_golden.txt, a word and a number a line:

    silhouette        of the first clusters (sklearn.metrics.silhouette_score)
    silhouette_guess  of the second ones
    ari               of the two (sklearn.metrics.adjusted_rand_score)
    start_inertia     sum of squared distances to the nearest of the first four points
    lloyd_inertia     the same after Lloyd's iterations from there, until nothing moves
    centre            three coordinates each: the centres then, in the order of their start
"""
import pathlib

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

folder = pathlib.Path(__file__).parent
random = np.random.default_rng(2026)
centres = random.normal(scale=3, size=(4, 3))
made_in = random.integers(0, 4, size=120)
points = np.round(centres[made_in] + random.normal(size=(120, 3)), 4)
guess = np.where(random.random(120) < 0.25, random.integers(0, 5, size=120), made_in)

with open(folder / "points.txt", "w") as out:
    for point, a, b in zip(points, made_in, guess):
        out.write("%.4f %.4f %.4f %d %d\n" % (*point, a, b))

start = points[:4]
start_inertia = ((points[:, None] - start[None]) ** 2).sum(axis=2).min(axis=1).sum()
lloyd = KMeans(4, init=start, n_init=1, tol=0, max_iter=1000, algorithm="lloyd").fit(points)
with open(folder / "clusters_golden.txt", "w") as out:
    out.write("silhouette %.12f\n" % silhouette_score(points, made_in))
    out.write("silhouette_guess %.12f\n" % silhouette_score(points, guess))
    out.write("ari %.12f\n" % adjusted_rand_score(made_in, guess))
    out.write("start_inertia %.9f\n" % start_inertia)
    out.write("lloyd_inertia %.9f\n" % lloyd.inertia_)
    for centre in lloyd.cluster_centers_:
        out.write("centre %.9f %.9f %.9f\n" % tuple(centre))
