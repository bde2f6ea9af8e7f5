#include "vitrine/scorers/content/content.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/content/content_blocks.h"
#include "scorers/factor_scan.h"
#include "scorers/saved_rows.h"
#include "scorers/sparse_scores.h"
#include "vitrine/base/lanes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

absl::Status CheckTable(const ContentTable& table) {
  const ContentOptions& options = table.options;
  if (table.items.num_cols != table.features.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("content wants one name for each of %d features, got %d",
                        table.items.num_cols, table.features.size()));
  }
  const bool is_finite = std::all_of(table.items.value.begin(), table.items.value.end(),
                                     [](float value) { return std::isfinite(value); });
  if (!is_finite) return absl::InvalidArgumentError("content got a weight that is not finite");
  const bool has_rows = table.meaning.rows() == 0 ||
                        static_cast<std::size_t>(table.meaning.rows()) == table.items.num_rows;
  if (!has_rows || table.meaning.cols() > CoarseRows::kMostDimensions ||
      !table.meaning.allFinite() || !(options.meaning_weight >= 0) ||
      !std::isfinite(options.meaning_weight)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "content wants a finite vector of meaning of at most %d dimensions for each of %d items or "
        "none, and a finite meaning_weight >= 0, got %d of %d and %g",
        CoarseRows::kMostDimensions, table.items.num_rows, table.meaning.rows(),
        table.meaning.cols(), options.meaning_weight));
  }
  if (!(options.half_life_days >= 0) || !(options.rank_decay > 0) || !(options.rank_decay <= 1) ||
      !(options.context_weight >= 0) || options.profile_features == 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "content wants half_life_days >= 0, rank_decay in (0, 1], context_weight >= 0 and "
        "profile_features >= 1, got %g, %g, %g and %d",
        options.half_life_days, options.rank_decay, options.context_weight,
        options.profile_features));
  }
  return absl::OkStatus();
}

// What time and rank leave of an interaction's weight.
double Faded(const Interaction& interaction, Micros now_us, double rank_factor,
             const ContentOptions& options) {
  const double weight = interaction.weight * rank_factor;
  if (options.half_life_days == 0) return weight;
  const double age_days = static_cast<double>(std::max<Micros>(now_us - interaction.time_us, 0)) /
                          static_cast<double>(kMicrosPerDay);
  return weight * std::exp2(-age_days / options.half_life_days);
}

// At least `size` zeros, which the caller leaves behind as zeros: the thread's own, since to make
// them anew costs more than a profile.
std::vector<double>& FeatureSums(std::size_t size) {
  thread_local std::vector<double> sums;
  if (sums.size() < size) sums.resize(size, 0);
  return sums;
}

// Adds the scores that are known to `sums`.
void AddKnown(std::span<const float> scores, std::span<float> sums) {
  const Lanes unknown = AllLanes(kUnscored);
  std::size_t i = 0;
  for (; i + kLanes <= sums.size(); i += kLanes) {
    const Lanes score = LoadLanes(&scores[i]);
    const Lanes sum = LoadLanes(&sums[i]);
    StoreLanes(sum == unknown ? score : sum + (score == unknown ? Lanes{} : score), &sums[i]);
  }
  for (; i < sums.size(); ++i) {
    const float added = scores[i] == kUnscored ? 0.0F : scores[i];
    sums[i] = sums[i] == kUnscored ? scores[i] : sums[i] + added;
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Content>> Content::Create(ContentTable table,
                                                               std::size_t fewest_in_blocks) {
  VITRINE_RETURN_IF_ERROR(CheckTable(table));
  return std::shared_ptr<const Content>(new Content(std::move(table), fewest_in_blocks));
}

Content::Content(ContentTable table, std::size_t fewest_in_blocks)
    : table_(std::move(table)), postings_(Transpose(table_.items)) {
  const std::vector<float>& values = table_.items.value;
  const bool are_none_negative =  // As the bounds of blocks want it.
      std::all_of(values.begin(), values.end(), [](float value) { return value >= 0; });
  if (are_none_negative && num_items() >= fewest_in_blocks) {
    blocks_ = std::make_shared<const Blocks>(table_);
  }
  if (table_.options.meaning_weight == 0 || table_.meaning.size() == 0) return;
  has_meaning_ = KnownRows(table_.meaning);
  for (const ItemIndex item : has_meaning_.Items()) {
    with_meaning_.push_back(static_cast<std::uint32_t>(item));
  }
  // For sketches alone: what is retrieved has features too, and blocks of its own.
  coarse_meaning_ = CoarseIndex(table_.meaning, CoarseIndex::kNeverInBlocks);
}

FactorTable Content::MeaningTable() const {
  return {&table_.meaning, &has_meaning_, nullptr, &coarse_meaning_};
}

bool Content::IsKnown(ItemIndex item) const {
  return Row(item) < num_items() &&
         (!table_.items.Columns(Row(item)).empty() || has_meaning_.Contains(item));
}

// Known items only, most recent first, page before history.
std::vector<Content::Touched> Content::TouchedItems(const Query& query) const {
  const ContentOptions& options = table_.options;
  std::vector<Touched> touched;
  for (const auto items : {query.context_items, query.cart_items}) {
    for (const ItemIndex item : items) {
      if (!IsKnown(item)) continue;
      touched.push_back({item, options.context_weight, Contribution::Source::kContext});
    }
  }
  double rank_factor = 1;
  for (const Interaction& interaction : query.history) {
    if (!IsKnown(interaction.item)) continue;
    touched.push_back({interaction.item, Faded(interaction, query.now_us, rank_factor, options),
                       Contribution::Source::kHistory});
    rank_factor *= options.rank_decay;
  }
  double size = 0;
  for (const Touched& each : touched) size += std::abs(each.share);
  if (size == 0) return {};
  for (Touched& each : touched) each.share /= size;
  return touched;
}

std::shared_ptr<const Content::Profile> Content::ProfileOf(const Query& query) const {
  return QueryMemo::Recall<Profile>(query.memo, this, [&] {
    const std::vector<Touched> touched = TouchedItems(query);
    return Profile{FeaturesOf(touched), SenseOf(touched)};
  });
}

std::vector<Content::Feature> Content::FeaturesOf(std::span<const Touched> touched) const {
  std::vector<double>& sums = FeatureSums(table_.features.size());
  std::vector<std::uint32_t> features_touched;
  for (const Touched& each : touched) {
    const auto features = table_.items.Columns(Row(each.item));
    const auto values = table_.items.Values(Row(each.item));
    for (std::size_t i = 0; i < features.size(); ++i) {
      double& sum = sums[features[i]];
      if (sum == 0) features_touched.push_back(features[i]);  // Again, where parts cancelled out.
      sum += each.share * static_cast<double>(values[i]);
    }
  }

  std::vector<Feature> profile;
  profile.reserve(features_touched.size());
  for (const std::uint32_t feature : features_touched) {
    const double sum = std::exchange(sums[feature], 0);
    if (sum != 0) profile.push_back({feature, static_cast<float>(sum)});
  }
  return Strongest(std::move(profile));
}

Eigen::VectorXf Content::SenseOf(std::span<const Touched> touched) const {
  if (with_meaning_.empty()) return {};
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(table_.meaning.cols());
  for (const Touched& each : touched) {
    sum += each.share *
           table_.meaning.row(static_cast<Eigen::Index>(Row(each.item))).transpose().cast<double>();
  }
  Eigen::VectorXf sense = (table_.options.meaning_weight * sum).cast<float>();
  // Vectors of length 1 cannot overflow; damaged ones can.
  if (sense.isZero(0) || !sense.allFinite()) return {};
  return sense;
}

std::vector<Content::Feature> Content::Strongest(std::vector<Feature> profile) const {
  const std::size_t kept = table_.options.profile_features;
  const auto is_stronger = [](const Feature& a, const Feature& b) {
    const float size_a = std::abs(a.weight);
    const float size_b = std::abs(b.weight);
    return size_a != size_b ? size_a > size_b : a.feature < b.feature;
  };
  if (profile.size() > kept) {
    std::nth_element(profile.begin(), profile.begin() + static_cast<std::ptrdiff_t>(kept),
                     profile.end(), is_stronger);
    profile.resize(kept);
  }
  std::sort(profile.begin(), profile.end(),
            [](const Feature& a, const Feature& b) { return a.feature < b.feature; });
  return profile;
}

void Content::AddFeatures(const Profile& profile, SparseScores& scores) const {
  for (const Feature& feature : profile.features) {
    scores.Add(feature.weight, postings_.Columns(feature.feature),
               postings_.Values(feature.feature));
  }
}

std::size_t Content::CountValues(const Profile& profile) const {
  std::size_t count = 0;
  for (const Feature& feature : profile.features) {
    count += postings_.Columns(feature.feature).size();
  }
  return count;
}

void Content::AddWeights(const Profile& profile, SparseScores& weights) const {
  const std::array<float, 1> one = {1};
  for (const Feature& feature : profile.features) {
    weights.Add(feature.weight, {&feature.feature, 1}, one);
  }
}

float Content::WordsOf(const SparseScores& weights, ItemIndex item) const {
  const auto features = table_.items.Columns(Row(item));
  const auto values = table_.items.Values(Row(item));
  float score = kUnscored;
  for (std::size_t i = 0; i < features.size(); ++i) {
    const float weight = weights.Of(ItemIndex{features[i]});
    if (weight == kUnscored) continue;
    // From what AddFeatures begins with, so that the two never differ.
    score = (score == kUnscored ? SparseScores::kUntouched : score) + weight * values[i];
  }
  return SparseScores::IsUntouched(score) ? kUnscored : score;
}

void Content::ScoreByFeatures(const Query& query, const Profile& profile,
                              std::span<const ItemIndex> items, std::span<float> scores) const {
  if (const auto sketched = QueryMemo::Find<std::vector<float>>(query.memo, &postings_)) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      scores[i] = Row(items[i]) < num_items() ? (*sketched)[Row(items[i])] : kUnscored;
    }
    return;
  }
  SparseScores weights(table_.features.size());
  AddWeights(profile, weights);
  for (std::size_t i = 0; i < items.size(); ++i) {
    scores[i] = Row(items[i]) < num_items() ? WordsOf(weights, items[i]) : kUnscored;
  }
}

void Content::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                    Eigen::Ref<Matrix> scores) const {
  const bool are_few = items.size() < num_items() / 8;
  SparseScores sums(num_items());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const std::shared_ptr<const Profile> made = ProfileOf(queries[q]);
    const Profile& profile = *made;
    const std::span<float> row = RowOf(scores, q);
    if (are_few) {
      ScoreByFeatures(queries[q], profile, items, row);
    } else {
      sums.Expect(CountValues(profile));
      AddFeatures(profile, sums);
      sums.Read(items, row);
      sums.Clear();
    }
    if (profile.sense.size() == 0) continue;
    Matrix by_meaning(1, static_cast<Eigen::Index>(items.size()));
    ScoreByFactors(MeaningTable(), profile.sense.transpose(), items, by_meaning);
    AddKnown({by_meaning.data(), items.size()}, row);
  }
}

float Content::Sketch(const Query& query, std::span<float> scores) const {
  const std::shared_ptr<const Profile> profile = ProfileOf(query);
  const auto by_features = QueryMemo::Recall<std::vector<float>>(query.memo, &postings_, [&] {
    SparseScores sums(num_items());
    sums.Expect(CountValues(*profile));
    AddFeatures(*profile, sums);
    std::vector<float> by_item(num_items());
    sums.ReadAll(by_item);
    return by_item;
  });
  const std::size_t count = std::min(num_items(), scores.size());
  std::copy_n(by_features->begin(), count, scores.begin());
  std::fill(scores.begin() + static_cast<std::ptrdiff_t>(count), scores.end(), kUnscored);
  if (profile->sense.size() == 0) return 0;
  std::vector<float> by_meaning(scores.size());
  const float error = SketchByFactors(MeaningTable(), profile->sense.transpose(), by_meaning);
  AddKnown(by_meaning, scores);
  return error;
}

namespace {

// Stands where the half-life of a bundle VTBUNDL2 stands, which is never below 0.
constexpr double kWithMeaning = -2;

absl::Status ReadMeaning(ByteReader& reader, std::size_t num_rows, const RowMapping& mapping,
                         ContentTable& table) {
  table.options.meaning_weight = reader.Float();
  Matrix meaning = reader.ReadMatrix();
  VITRINE_RETURN_IF_ERROR(reader.status("content"));
  if (meaning.rows() == 0) return absl::OkStatus();
  if (static_cast<std::size_t>(meaning.rows()) != num_rows) {
    return absl::DataLossError(
        absl::StrFormat("content has %d items and the meaning of %d", num_rows, meaning.rows()));
  }
  table.meaning = RemapRows(std::move(meaning), mapping);
  return absl::OkStatus();
}

}  // namespace

void Save(const Content& scorer, ByteWriter& writer) {
  const ContentTable& table = scorer.table();
  writer.Double(kWithMeaning);
  writer.Double(table.options.half_life_days);
  writer.Double(table.options.rank_decay);
  writer.Float(table.options.context_weight);
  writer.Unsigned(table.options.profile_features);
  writer.Unsigned(table.features.size());
  for (const std::string& feature : table.features) writer.String(feature);
  Write(table.items, writer);
  writer.Float(table.options.meaning_weight);
  writer.Write(table.meaning);
}

absl::StatusOr<std::shared_ptr<const Content>> LoadContent(ByteReader& reader,
                                                           std::span<const ItemIndex> row_to_index,
                                                           std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  ContentTable table;
  const double first = reader.Double();
  const bool has_meaning = first == kWithMeaning;
  table.options.half_life_days = has_meaning ? reader.Double() : first;
  table.options.rank_decay = reader.Double();
  table.options.context_weight = reader.Float();
  table.options.profile_features = reader.Unsigned();
  const std::size_t num_features = reader.Count();
  for (std::size_t i = 0; i < num_features; ++i) table.features.push_back(reader.String());
  VITRINE_ASSIGN_OR_RETURN(CsrMatrix saved, ReadCsr(reader, "content"));
  const std::size_t num_rows = saved.num_rows;
  VITRINE_RETURN_IF_ERROR(CheckRows(num_rows, mapping, "content"));
  table.items = RemapRows(std::move(saved), mapping);
  if (has_meaning) VITRINE_RETURN_IF_ERROR(ReadMeaning(reader, num_rows, mapping, table));
  auto scorer = Content::Create(std::move(table));
  if (!scorer.ok()) return absl::DataLossError(std::string(scorer.status().message()));
  return scorer;
}

}  // namespace vitrine
