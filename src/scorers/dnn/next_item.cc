#include "vitrine/scorers/dnn/next_item.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/factor_scan.h"
#include "scorers/saved_rows.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

nn::ParameterList ParametersOf(SequenceNetwork& network) {
  nn::ParameterList parameters;
  network.AddParameters(parameters);
  return parameters;
}

absl::Status DamagedNumbers(std::string_view name) {
  return absl::DataLossError(absl::StrFormat("%s holds numbers that no training makes", name));
}

// Beside the kind, in the first number of a shape: what does not know them refuses the shape.
constexpr std::uint64_t kKind = 3;
constexpr std::uint64_t kCountsBack = 4;
constexpr std::uint64_t kBlockUnit = 8;  // Times its kind.

void Write(const SequenceShape& shape, ByteWriter& writer) {
  writer.Unsigned(static_cast<std::uint64_t>(shape.kind) | (shape.counts_back ? kCountsBack : 0) |
                  kBlockUnit * static_cast<std::uint64_t>(shape.block));
  writer.Unsigned(shape.dimensions);
  writer.Unsigned(shape.num_layers);
  writer.Unsigned(shape.num_heads);
  writer.Unsigned(shape.length);
  writer.Unsigned(shape.has_time_gaps ? 1 : 0);
  writer.Unsigned(shape.has_event_types ? 1 : 0);
  writer.Unsigned(shape.has_distances ? 1 : 0);
  writer.Unsigned(shape.merges_repeats ? 1 : 0);
  if (shape.block != BlockKind::kBsaRec) return;
  writer.Unsigned(shape.num_frequencies);
  writer.Double(shape.frequency_share);
}

// Not checked: see CheckShape.
SequenceShape ReadShape(ByteReader& reader) {
  SequenceShape shape;
  const std::uint64_t kind = reader.Unsigned();
  const std::uint64_t block = kind / kBlockUnit;
  const bool is_known = block <= static_cast<std::uint64_t>(BlockKind::kBsaRec);
  shape.kind = static_cast<SequenceKind>(is_known ? kind & kKind : kKind);
  shape.counts_back = (kind & kCountsBack) != 0;
  shape.block = static_cast<BlockKind>(is_known ? block : 0);
  shape.dimensions = reader.Unsigned();
  shape.num_layers = reader.Unsigned();
  shape.num_heads = reader.Unsigned();
  shape.length = reader.Unsigned();
  shape.has_time_gaps = reader.Unsigned() != 0;
  shape.has_event_types = reader.Unsigned() != 0;
  shape.has_distances = reader.Unsigned() != 0;
  shape.merges_repeats = reader.Unsigned() != 0;
  if (shape.block != BlockKind::kBsaRec) return shape;
  shape.num_frequencies = reader.Unsigned();
  shape.frequency_share = reader.Double();
  return shape;
}

// Puts what was saved into the network, but for the items, which are the first.
absl::Status SetParameters(std::vector<Matrix>& saved, std::string_view name,
                           SequenceNetwork& network) {
  const nn::ParameterList parameters = ParametersOf(network);
  if (saved.size() != parameters.size()) return DamagedNumbers(name);
  for (std::size_t i = 1; i < saved.size(); ++i) {
    Matrix& value = parameters[i].parameter->value;
    if (saved[i].rows() != value.rows() || saved[i].cols() != value.cols()) {
      return DamagedNumbers(name);
    }
    value = std::move(saved[i]);
  }
  return absl::OkStatus();
}

// Sound weights cannot overflow; damaged ones can.
Matrix FiniteOrZero(Matrix states) {
  if (!states.allFinite()) states.setZero();
  return states;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const NextItem>> NextItem::Create(std::string_view name,
                                                                 SequenceNetwork network) {
  VITRINE_RETURN_IF_ERROR(CheckShape(network.shape));
  for (const nn::NamedParameter& each : ParametersOf(network)) {
    if (each.parameter->value.allFinite()) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("%s got a weight that is not finite in %s", name, each.name));
  }
  return std::shared_ptr<const NextItem>(new NextItem(name, std::move(network)));
}

NextItem::NextItem(std::string_view name, SequenceNetwork network)
    : name_(name),
      network_(std::move(network)),
      known_items_(KnownRows(network_.items.weight.value)),
      index_(IndexOfMany(network_.items.weight.value)) {
  // Whoever made the network may have given it other rows than those that it learned.
  nn::Parameter& items = network_.items.weight;
  items.shape = {static_cast<std::size_t>(items.value.rows()),
                 static_cast<std::size_t>(items.value.cols())};
  for (const nn::NamedParameter& each : ParametersOf(network_)) {
    each.parameter->gradient.resize(0, 0);
    each.parameter->touched = {};
  }
}

FactorTable NextItem::Table() const {
  return {&item_factors(), &known_items_, nullptr, index_.get()};
}

std::vector<SequenceStep> NextItem::StepsOf(const Query& query) const {
  return LatestSteps(
      query, known_items_,
      {.length = network_.shape.length, .merges_repeats = network_.shape.merges_repeats});
}

StepBatch NextItem::BatchOf(std::span<const SequenceStep> steps) const {
  StepBatch batch;
  batch.Start(steps.size(), network_.shape.counts_back);
  batch.Add(steps);
  return batch;
}

std::shared_ptr<const NextItem::Encoded> NextItem::EncodedOf(const Query& query) const {
  return QueryMemo::Recall<Encoded>(query.memo, this, [&] {
    Encoded made{.steps = StepsOf(query)};
    if (made.steps.empty()) return made;
    const StepBatch batch = BatchOf(made.steps);
    SequenceNetwork::Cache cache;
    made.trunk = network_.ForwardTrunk(batch, cache, {});
    made.last = FiniteOrZero(network_.ForwardTopLast(batch, made.trunk, cache, {}));
    return made;
  });
}

Matrix NextItem::StatesAfterEach(const Encoded& query) const {
  SequenceNetwork::Cache cache;
  Matrix states(query.trunk.rows(), query.trunk.cols());
  if (network_.shape.counts_back) {
    for (std::size_t length = 1; length < query.steps.size(); ++length) {
      const StepBatch batch = BatchOf(std::span(query.steps).first(length));
      const Matrix& trunk = network_.ForwardTrunk(batch, cache, {});
      states.row(static_cast<Eigen::Index>(length) - 1) =
          FiniteOrZero(network_.ForwardTopLast(batch, trunk, cache, {}));
    }
  } else {
    states = FiniteOrZero(network_.ForwardTop(BatchOf(query.steps), query.trunk, cache, {}));
  }
  states.bottomRows(1) = query.last;  // The bits that were scored.
  return states;
}

Matrix NextItem::UserVectors(std::span<const Query> queries) const {
  Matrix vectors = Matrix::Zero(static_cast<Eigen::Index>(queries.size()), item_factors().cols());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const auto encoded = EncodedOf(queries[q]);
    if (encoded->steps.empty()) continue;
    vectors.row(static_cast<Eigen::Index>(q)) = encoded->last;
  }
  return vectors;
}

void NextItem::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                     Eigen::Ref<Matrix> scores) const {
  ScoreByFactors(Table(), UserVectors(queries), items, scores);
}

std::vector<std::vector<ScoredItem>> NextItem::Retrieve(std::span<const Query> queries,
                                                        const ItemBitmap* allowed,
                                                        std::size_t k) const {
  return RetrieveByFactors(Table(), UserVectors(queries), queries, allowed, k);
}

std::vector<Contribution> NextItem::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> NextItem::ExplainAll(
    const Query& query, std::span<const ItemIndex> items) const {
  std::vector<std::vector<Contribution>> explained(items.size());
  const auto known = EncodedOf(query);
  const std::vector<SequenceStep>& steps = known->steps;
  if (steps.empty()) return explained;
  const auto states =
      QueryMemo::Recall<Matrix>(query.memo, &network_, [&] { return StatesAfterEach(*known); });
  const Eigen::MatrixXd encoded = states->cast<double>();
  const Eigen::RowVectorXd base = network_.last_norm.bias.value.row(0).cast<double>();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!known_items_.Contains(items[i])) continue;
    const Eigen::VectorXd item =
        item_factors().row(static_cast<Eigen::Index>(Row(items[i]))).cast<double>();
    double before = base.dot(item);
    std::vector<Contribution>& parts = explained[i];
    parts.push_back({.source = Contribution::Source::kBase,
                     .item = {},
                     .feature = {},
                     .value = static_cast<float>(before)});
    for (std::size_t t = 0; t < steps.size(); ++t) {
      const double score = encoded.row(static_cast<Eigen::Index>(t)).dot(item);
      const auto change = static_cast<float>(score - before);
      before = score;
      const ItemIndex item_of_step{steps[t].item};
      const auto source =
          steps[t].is_context ? Contribution::Source::kContext : Contribution::Source::kHistory;
      const auto same = std::find_if(parts.begin() + 1, parts.end(), [&](const auto& part) {
        return part.item == item_of_step && part.source == source;
      });
      if (same != parts.end()) {
        same->value += change;
      } else {
        parts.push_back({.source = source, .item = item_of_step, .feature = {}, .value = change});
      }
    }
  }
  return explained;
}

void Save(const NextItem& scorer, ByteWriter& writer) {
  SequenceNetwork network = scorer.network();
  const nn::ParameterList parameters = ParametersOf(network);
  Write(network.shape, writer);
  writer.Unsigned(parameters.size());
  for (const nn::NamedParameter& each : parameters) writer.Write(each.parameter->value);
}

absl::StatusOr<std::shared_ptr<const NextItem>> LoadNextItem(
    std::string_view name, ByteReader& reader, std::span<const ItemIndex> row_to_index,
    std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  const SequenceShape shape = ReadShape(reader);
  std::vector<Matrix> saved(reader.Count(2));
  for (Matrix& each : saved) each = reader.ReadMatrix();
  VITRINE_RETURN_IF_ERROR(reader.status(name));
  if (saved.empty() || !CheckShape(shape).ok() ||
      static_cast<std::size_t>(saved.front().cols()) != shape.dimensions) {
    return DamagedNumbers(name);
  }
  VITRINE_RETURN_IF_ERROR(CheckRows(static_cast<std::size_t>(saved.front().rows()), mapping, name));
  Random random(0);  // The first values are all overwritten.
  SequenceNetwork network(shape, 0, random);
  VITRINE_RETURN_IF_ERROR(SetParameters(saved, name, network));
  network.items.weight.value = RemapRows(std::move(saved.front()), mapping);
  network.shape.num_items = num_items;
  auto scorer = NextItem::Create(name, std::move(network));
  if (!scorer.ok()) return absl::DataLossError(std::string(scorer.status().message()));
  return scorer;
}

}  // namespace vitrine
