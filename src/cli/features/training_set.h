#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/features/labels.h"
#include "vitrine/feature_store/feature.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine::cli {

// How features are put beside labels.
struct TrainingSetOptions {
  std::vector<std::string> features{};  // Names; empty: all of what the labels are about.
  KnownSince known_since = KnownSince::kArrival;
  bool is_strict = false;  // Leaves out what became known at the label's very moment.
  char delimiter = ',';
};

// One column of features, and how many of its cells are empty.
struct TrainingColumn {
  FeatureSpec spec{};
  std::size_t num_missing = 0;
};

// Labels with their features as of then.
struct TrainingSet {
  std::string csv{};  // With a header: the columns of the labels, then those of the features.
  std::size_t num_rows = 0;
  std::size_t num_label_columns = 0;
  std::vector<TrainingColumn> columns{};
  // Rows of a shopper or an item of which the log knew something by then.
  std::size_t num_known = 0;
};

// The features that `names` says, in that order; without names all of users, where the labels have
// users or visitors, then all of items, where they have items. Errors: INVALID_ARGUMENT a name that
// is no behaviour feature, one that comes twice, one of an entity that the labels are not about, or
// one that a column of the labels has.
absl::StatusOr<std::vector<FeatureSpec>> ChooseFeatures(const std::vector<std::string>& names,
                                                        const Labels& labels);

// Reads the log once for each two million cells. Errors: those of ChooseFeatures and of
// FeatureStore::FeaturesAsOf.
absl::StatusOr<TrainingSet> MakeTrainingSet(const FeatureStore& store, const Labels& labels,
                                            const TrainingSetOptions& options);

// A value as a cell of CSV: whole numbers and times as digits, numbers in the shortest form that
// reads back as the same, texts as they are, weights as one JSON object, {"Mugs":0.7}. Nothing: "".
std::string FeatureCell(const FeatureValue& value);

// For people: what was written to `path`, and a line a feature; and one JSON object for scripts.
std::string TrainingSetText(const std::string& path, const TrainingSet& set);
std::string TrainingSetJson(const std::string& path, const TrainingSet& set);

}  // namespace vitrine::cli
