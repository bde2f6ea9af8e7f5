"""Writes features.tsv, documents.txt and expected.tsv: tables, texts, and what scikit-learn, SciPy
and statsmodels make of them.

    pip install numpy scipy scikit-learn statsmodels && python3 make_golden.py

A line of expected.tsv is "name<TAB>rows<TAB>columns" and the numbers, row by row.
"""
import numpy as np
import scipy.linalg
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from statsmodels.stats.outliers_influence import variance_inflation_factor

NUM_FITTED = 30  # Documents to fit on; the others are new.


def write_features():
    random = np.random.default_rng(7)
    rows = 150
    label = random.integers(0, 3, rows)
    first = random.normal(size=rows) + label
    second = 0.8 * first + 0.4 * random.normal(size=rows)
    skewed = random.exponential(50, rows)
    alone = random.normal(size=rows)
    curved = random.uniform(-2, 2, rows)
    code = (label + random.integers(0, 2, rows)) % 4
    target = curved**2 + 0.3 * first + 0.1 * random.normal(size=rows)
    columns = [label, target, first, second, skewed, alone, curved, code]
    with open("features.tsv", "w") as out:
        for row in zip(*columns):
            out.write("\t".join(f"{value:.8g}" for value in row) + "\n")


def write_documents():
    random = np.random.default_rng(11)
    themes = [
        "mug cup tea coffee saucer ceramic kitchen".split(),
        "lantern candle light holder glass hanging garden".split(),
        "bag lunch shopper jumbo retro spotty strap".split(),
        "card gift wrap ribbon paper birthday party".split(),
    ]
    everywhere = "red white vintage set of the with heart small large".split()
    with open("documents.txt", "w") as out:
        for number in range(NUM_FITTED + 6):
            theme = themes[number % len(themes)]
            words = list(random.choice(theme, 3)) + list(random.choice(everywhere, 4))
            if number >= NUM_FITTED:
                words.append(f"unseen{number}")
            random.shuffle(words)
            out.write(" ".join(words) + "\n")


def fix_signs(columns):
    largest = np.abs(columns).argmax(axis=0)
    return np.sign(columns[largest, np.arange(columns.shape[1])])


class Golden:
    def __init__(self):
        self.lines = []

    def add(self, name, values):
        values = np.atleast_2d(np.asarray(values, dtype=float))
        numbers = "\t".join(f"{value:.12g}" for value in values.ravel())
        self.lines.append(f"{name}\t{values.shape[0]}\t{values.shape[1]}\t{numbers}\n")


def text(golden, documents):
    fitted, new = documents[:NUM_FITTED], documents[NUM_FITTED:]
    plain = dict(tokenizer=str.split, token_pattern=None, lowercase=False)
    usual = TfidfVectorizer(sublinear_tf=True, **plain)
    matrix = usual.fit_transform(fitted)
    golden.add("tfidf.idf", usual.idf_)
    golden.add("tfidf.fitted", matrix.toarray())
    golden.add("tfidf.new", usual.transform(new).toarray())
    other = TfidfVectorizer(min_df=3, max_df=0.5, stop_words=["of", "the", "with"],
                            smooth_idf=False, norm=None, **plain)
    other.fit(fitted)
    golden.add("tfidf_other.idf", other.idf_)
    golden.add("tfidf_other.new", other.transform(new).toarray())

    svd = TruncatedSVD(n_components=5, algorithm="arpack")
    found = svd.fit_transform(matrix)
    signs = fix_signs(svd.components_.T)
    golden.add("lsa.singular_values", svd.singular_values_)
    golden.add("lsa.ratio", svd.explained_variance_ratio_)
    golden.add("lsa.directions", svd.components_.T * signs)
    golden.add("lsa.fitted", found * signs)
    golden.add("lsa.new", svd.transform(usual.transform(new)) * signs)


def selection(golden, label, target, features):
    discrete = [False] * 5 + [True]
    for neighbours in (3, 7):
        golden.add(f"mi_classes.{neighbours}", mutual_info_classif(
            features, label, discrete_features=discrete, n_neighbors=neighbours, random_state=0))
        golden.add(f"mi_target.{neighbours}", mutual_info_regression(
            features, target, discrete_features=discrete, n_neighbors=neighbours, random_state=0))
    with_constant = np.column_stack([np.ones(len(features)), features])
    golden.add("vif", [variance_inflation_factor(with_constant, column)
                       for column in range(1, with_constant.shape[1])])
    golden.add("variance", features.var(axis=0))


def shrunk_discriminants(features, label, shrinkage):
    """S_b w = s S_w w, with S_w shrunk towards a multiple of the identity."""
    classes = np.unique(label)
    mean = features.mean(axis=0)
    within = np.zeros((features.shape[1],) * 2)
    between = np.zeros_like(within)
    for each in classes:
        members = features[label == each]
        away = members.mean(axis=0) - mean
        within += (members - members.mean(axis=0)).T @ (members - members.mean(axis=0))
        between += len(members) * np.outer(away, away)
    within /= len(features)
    between /= len(features)
    identity = np.trace(within) / len(within) * np.eye(len(within))
    values, vectors = scipy.linalg.eigh(between, (1 - shrinkage) * within + shrinkage * identity)
    directions = vectors[:, ::-1][:, :len(classes) - 1]
    return directions * fix_signs(directions), mean


def reduction(golden, label, features):
    pca = PCA(n_components=4, svd_solver="full", whiten=False).fit(features)
    signs = fix_signs(pca.components_.T)
    golden.add("pca.directions", pca.components_.T * signs)
    golden.add("pca.variance", pca.explained_variance_)
    golden.add("pca.ratio", pca.explained_variance_ratio_)
    golden.add("pca.applied", pca.transform(features) * signs)
    whitened = PCA(n_components=4, svd_solver="full", whiten=True).fit(features)
    golden.add("pca.whitened", whitened.transform(features) * signs)
    wide = features[:4]
    pca = PCA(n_components=3, svd_solver="full").fit(wide)
    golden.add("pca_wide.variance", pca.explained_variance_)
    golden.add("pca_wide.applied", pca.transform(features[:8]) * fix_signs(pca.components_.T))

    lda = LinearDiscriminantAnalysis(solver="svd").fit(features, label)
    signs = fix_signs(lda.scalings_[:, :2])
    golden.add("lda.ratio", lda.explained_variance_ratio_)
    golden.add("lda.applied", lda.transform(features) * signs)
    directions, mean = shrunk_discriminants(features, label, 0.3)
    golden.add("lda_shrunk.applied", (features - mean) @ directions)


def main():
    write_features()
    write_documents()
    table = np.loadtxt("features.tsv", delimiter="\t")
    documents = open("documents.txt").read().splitlines()
    golden = Golden()
    text(golden, documents)
    selection(golden, table[:, 0].astype(int), table[:, 1], table[:, 2:])
    reduction(golden, table[:, 0].astype(int), table[:, 2:])
    with open("expected.tsv", "w") as out:
        out.writelines(golden.lines)


main()
