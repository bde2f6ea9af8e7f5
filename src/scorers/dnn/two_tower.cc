#include "vitrine/scorers/dnn/two_tower.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "scorers/factor_scan.h"
#include "scorers/saved_rows.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

constexpr std::string_view kName = "two_tower";

// Items whose vectors are made at once.
constexpr std::size_t kEncodedTogether = 1024;

// Places in ParametersOf, whose sizes say what the shape is.
constexpr std::size_t kItemFeatures = 0;
constexpr std::size_t kItemFirst = 3;
constexpr std::size_t kUserProfile = 11;

nn::ParameterList ParametersOf(TwoTowerTable& table) {
  nn::ParameterList parameters;
  table.items.AddServedParameters("items", parameters);
  table.users.AddParameters("users", parameters);
  return parameters;
}

absl::Status DamagedNumbers() {
  return absl::DataLossError("two_tower holds numbers that no training makes");
}

// A network of that shape with any numbers, to be told apart by its sizes.
void MakeNetwork(const TwoTowerShape& shape, TwoTowerTable& table) {
  Random random(0);
  table.shape = shape;
  table.items = ItemTower(shape, 0, 0, random);
  table.users = UserTower(shape, 0, random);
}

absl::Status CheckSizes(TwoTowerTable& table) {
  TwoTowerTable wanted;
  MakeNetwork(table.shape, wanted);
  const nn::ParameterList shapes = ParametersOf(wanted);
  const nn::ParameterList given = ParametersOf(table);
  const auto d = static_cast<Eigen::Index>(table.shape.dimensions);
  const auto num_items = static_cast<Eigen::Index>(table.is_learned.size());
  bool fits = shapes.size() == given.size() && table.targets.cols() == d &&
              table.inputs.cols() == d && table.targets.rows() == num_items &&
              table.inputs.rows() == num_items;
  bool is_finite = table.targets.allFinite() && table.inputs.allFinite();
  for (std::size_t i = 0; fits && i < shapes.size(); ++i) {
    const Matrix& value = given[i].parameter->value;
    fits = value.rows() == shapes[i].parameter->value.rows() &&
           value.cols() == shapes[i].parameter->value.cols();
    is_finite = is_finite && value.allFinite();
  }
  if (fits && is_finite) return absl::OkStatus();
  return absl::InvalidArgumentError(fits ? "two_tower got a number that is not finite"
                                         : "two_tower wants weights and vectors of its shape");
}

float Relu(float x) { return std::max(x, 0.0F); }

}  // namespace

std::vector<TowerTouch> TowerTouches(const Query& query, const TowerHistoryOptions& options,
                                     const ItemBitmap& known) {
  std::vector<TouchedItem> touched = TouchedItems(query, options.touch, known.size());
  std::erase_if(touched, [&](const TouchedItem& each) {
    return each.weight <= 0 || !known.Contains(each.item);
  });
  std::vector<Micros> times(touched.size(), 0);  // Of the latest touch.
  for (const Interaction& each : query.history) {
    const auto at = std::lower_bound(
        touched.begin(), touched.end(), each.item,
        [](const TouchedItem& touch, ItemIndex item) { return touch.item < item; });
    if (at == touched.end() || at->item != each.item) continue;
    Micros& time = times[static_cast<std::size_t>(at - touched.begin())];
    time = std::max(time, each.time_us);
  }
  Micros latest = 0;
  for (const Micros time : times) latest = std::max(latest, time);
  double squares = 0;
  double recent = 0;
  std::vector<TowerTouch> touches;
  for (std::size_t i = 0; i < touched.size(); ++i) {
    const bool is_now = touched[i].source == Contribution::Source::kContext;
    const double days =
        is_now ? 0 : static_cast<double>(latest - times[i]) / static_cast<double>(kMicrosPerDay);
    const double weight = touched[i].weight;
    const double in_recent = weight * std::exp2(-days / options.half_life_days);
    squares += weight * weight;
    recent += in_recent;
    touches.push_back({touched[i].item, static_cast<float>(weight), static_cast<float>(in_recent),
                       touched[i].source});
  }
  for (TowerTouch& touch : touches) {
    touch.in_all = static_cast<float>(touch.in_all / std::sqrt(squares));
    // The latest touch is of the sum, which so is no zero.
    touch.in_recent = static_cast<float>(touch.in_recent / recent);
  }
  return touches;
}

std::vector<std::uint32_t> ProfileBuckets(const std::map<std::string, AttributeValue>& profile,
                                          std::size_t buckets) {
  std::vector<std::uint32_t> found;
  if (buckets == 0) return found;
  for (const auto& [name, value] : profile) {
    const auto* text = std::get_if<std::string>(&value);
    const std::string shown =
        text != nullptr ? *text : absl::StrFormat("%g", std::get<double>(value));
    found.push_back(BucketOf(Checksum(absl::StrFormat("%s=%s", name, shown)), buckets));
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

absl::StatusOr<std::shared_ptr<const TwoTower>> TwoTower::Create(TwoTowerTable table) {
  VITRINE_RETURN_IF_ERROR(CheckShape(table.shape));
  VITRINE_RETURN_IF_ERROR(CheckSizes(table));
  if (!IsSound(table.history.touch) || !(table.history.half_life_days > 0)) {
    return absl::InvalidArgumentError(
        "two_tower wants context_weight >= 0, scale > 0 and a half-life above 0");
  }
  return std::shared_ptr<const TwoTower>(new TwoTower(std::move(table)));
}

TwoTower::TwoTower(TwoTowerTable table)
    : table_(std::move(table)), known_items_(KnownRows(table_.targets)), coarse_(table_.targets) {
  for (const nn::NamedParameter& each : ParametersOf(table_)) {
    each.parameter->gradient.resize(0, 0);
    each.parameter->touched = {};
  }
}

FactorTable TwoTower::Table() const { return {&table_.targets, &known_items_, nullptr, &coarse_}; }

TwoTower::Shopper TwoTower::Know(const Query& query) const {
  Shopper shopper{.touches = TowerTouches(query, table_.history, known_items_)};
  if (query.profile == nullptr) return shopper;
  const Matrix& vectors = table_.users.profile.weight.value;
  for (const std::uint32_t bucket : ProfileBuckets(*query.profile, table_.shape.user_buckets)) {
    const auto row = vectors.row(static_cast<Eigen::Index>(bucket));
    if (!row.any()) continue;  // Nobody in the training had it.
    if (shopper.profile.size() == 0) shopper.profile = Eigen::RowVectorXf::Zero(row.size());
    shopper.profile += row;
  }
  return shopper;
}

void TwoTower::FillInputs(const Shopper& shopper, Eigen::Ref<Eigen::RowVectorXf> inputs) const {
  const auto d = static_cast<Eigen::Index>(table_.shape.dimensions);
  inputs.setZero();
  for (const TowerTouch& touch : shopper.touches) {
    const auto row = table_.inputs.row(static_cast<Eigen::Index>(Row(touch.item)));
    inputs.head(d) += touch.in_all * row;
    inputs.segment(d, d) += touch.in_recent * row;
  }
  inputs[UserTower::CountColumn(table_.shape.dimensions)] =
      std::log1p(static_cast<float>(shopper.touches.size())) / 4;
  if (shopper.profile.size() > 0) inputs.tail(d) = shopper.profile;
}

std::shared_ptr<const TwoTower::Encoded> TwoTower::Encode(const Query& query) const {
  return QueryMemo::Recall<Encoded>(query.memo, this, [&] {
    Encoded encoded{.shopper = Know(query),
                    .vector = Eigen::RowVectorXf::Zero(table_.targets.cols())};
    if (!encoded.shopper.is_known()) return encoded;
    Matrix inputs(1, static_cast<Eigen::Index>(UserTower::NumInputs(table_.shape)));
    FillInputs(encoded.shopper, inputs.row(0));
    UserTower::Cache cache;
    const Matrix& vector = table_.users.Forward(inputs, cache, {});
    // Sound weights cannot overflow; damaged ones can.
    if (vector.allFinite()) encoded.vector = vector.row(0);
    return encoded;
  });
}

Matrix TwoTower::UserVectors(std::span<const Query> queries) const {
  Matrix vectors(static_cast<Eigen::Index>(queries.size()), table_.targets.cols());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    vectors.row(static_cast<Eigen::Index>(q)) = Encode(queries[q])->vector;
  }
  return vectors;
}

void TwoTower::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                     Eigen::Ref<Matrix> scores) const {
  ScoreByFactors(Table(), UserVectors(queries), items, scores);
}

float TwoTower::Sketch(const Query& query, std::span<float> scores) const {
  return SketchByFactors(Table(), UserVectors({&query, 1}), scores);
}

std::vector<std::vector<ScoredItem>> TwoTower::Retrieve(std::span<const Query> queries,
                                                        const ItemBitmap* allowed,
                                                        std::size_t k) const {
  return RetrieveByFactors(Table(), UserVectors(queries), queries, allowed, k);
}

std::vector<Contribution> TwoTower::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> TwoTower::ExplainAll(
    const Query& query, std::span<const ItemIndex> items) const {
  std::vector<std::vector<Contribution>> explained(items.size());
  const auto encoded = Encode(query);
  const Shopper& shopper = encoded->shopper;
  if (!shopper.is_known()) return explained;
  Eigen::RowVectorXf inputs(static_cast<Eigen::Index>(UserTower::NumInputs(table_.shape)));
  FillInputs(shopper, inputs);
  const UserTower& users = table_.users;
  const auto d = static_cast<Eigen::Index>(table_.shape.dimensions);
  // What a hidden unit passes on of a difference at its input, against no input at all.
  const Eigen::RowVectorXf sums = inputs * users.first.weight.value.transpose();
  Eigen::RowVectorXf passes(sums.size());
  Eigen::RowVectorXf idle(sums.size());
  for (Eigen::Index j = 0; j < sums.size(); ++j) {
    const float bias = users.first.bias.value(0, j);
    idle[j] = Relu(bias);
    passes[j] = std::abs(sums[j]) > 1e-6F ? (Relu(sums[j] + bias) - idle[j]) / sums[j]
                                          : (bias > 0 ? 1.0F : 0.0F);
  }
  const Eigen::RowVectorXf nobody = users.linear.bias.value + users.second.bias.value +
                                    idle * users.second.weight.value.transpose();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!known_items_.Contains(items[i])) continue;
    const Eigen::RowVectorXf item = table_.targets.row(static_cast<Eigen::Index>(Row(items[i])));
    const Eigen::RowVectorXf by_hidden = (item * users.second.weight.value).cwiseProduct(passes);
    const Eigen::RowVectorXf by_inputs =
        item * users.linear.weight.value + by_hidden * users.first.weight.value;
    const auto count = UserTower::CountColumn(table_.shape.dimensions);
    std::vector<Contribution>& parts = explained[i];
    parts.push_back({.source = Contribution::Source::kBase,
                     .item = {},
                     .feature = {},
                     .value = nobody.dot(item) + by_inputs[count] * inputs[count]});
    for (const TowerTouch& touch : shopper.touches) {
      const auto row = table_.inputs.row(static_cast<Eigen::Index>(Row(touch.item)));
      parts.push_back({.source = touch.source,
                       .item = touch.item,
                       .feature = {},
                       .value = touch.in_all * by_inputs.head(d).dot(row) +
                                touch.in_recent * by_inputs.segment(d, d).dot(row)});
    }
    if (shopper.profile.size() == 0) continue;
    parts.push_back({.source = Contribution::Source::kFeature,
                     .item = {},
                     .feature = "profile",
                     .value = by_inputs.tail(d).dot(shopper.profile)});
  }
  return explained;
}

TowerVectors EncodeByFeatures(const ItemTower& tower, const nn::Bags& features) {
  const std::size_t num_items = features.begin.size() - 1;
  const Eigen::Index d = tower.features.weight.value.cols();
  TowerVectors vectors{Matrix::Zero(static_cast<Eigen::Index>(num_items), d),
                       Matrix::Zero(static_cast<Eigen::Index>(num_items), d)};
  ItemTower::Cache cache;
  for (std::size_t first = 0; first < num_items; first += kEncodedTogether) {
    const std::size_t count = std::min(kEncodedTogether, num_items - first);
    const std::vector<std::uint32_t> no_ids(count, nn::kNoId);
    tower.Forward(no_ids,
                  {features.begin.subspan(first, count + 1), features.ids, features.weights}, cache,
                  {});
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      if (!cache.sum.row(row).any()) continue;
      vectors.targets.row(static_cast<Eigen::Index>(first + i)) = cache.target.output.row(row);
      vectors.inputs.row(static_cast<Eigen::Index>(first + i)) = cache.history.output.row(row);
    }
  }
  return vectors;
}

void Save(const TwoTower& scorer, ByteWriter& writer) {
  TwoTowerTable table = scorer.table();
  writer.Unsigned(table.shape.dimensions);
  writer.Unsigned(table.shape.hidden);
  writer.Unsigned(table.shape.item_buckets);
  writer.Unsigned(table.shape.user_buckets);
  Write(table.history.touch, writer);
  writer.Double(table.history.half_life_days);
  writer.Write(table.targets);
  writer.Write(table.inputs);
  writer.Array(table.is_learned);
  const nn::ParameterList parameters = ParametersOf(table);
  writer.Unsigned(parameters.size());
  for (const nn::NamedParameter& each : parameters) writer.Write(each.parameter->value);
}

absl::StatusOr<std::shared_ptr<const TwoTower>> LoadTwoTower(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  TwoTowerShape shape;
  shape.dimensions = reader.Unsigned();
  shape.hidden = reader.Unsigned();
  shape.item_buckets = reader.Unsigned();
  shape.user_buckets = reader.Unsigned();
  TwoTowerTable table;
  table.history.touch = ReadTouchWeights(reader);
  table.history.half_life_days = reader.Double();
  Matrix targets = reader.ReadMatrix();
  Matrix inputs = reader.ReadMatrix();
  const auto is_learned = reader.Array<std::uint8_t>();
  std::vector<Matrix> saved(reader.Count(2));
  for (Matrix& each : saved) each = reader.ReadMatrix();
  VITRINE_RETURN_IF_ERROR(reader.status(kName));
  VITRINE_RETURN_IF_ERROR(CheckRows(is_learned.size(), mapping, kName));
  // A shape that the numbers do not have is not worth its memory.
  const auto has = [&](std::size_t index, std::size_t rows) {
    return index < saved.size() && static_cast<std::size_t>(saved[index].rows()) == rows &&
           static_cast<std::size_t>(saved[index].cols()) == shape.dimensions;
  };
  if (!CheckShape(shape).ok() || !has(kItemFeatures, shape.item_buckets) ||
      !has(kItemFirst, shape.hidden) ||
      (shape.user_buckets > 0 && !has(kUserProfile, shape.user_buckets)) ||
      targets.rows() != inputs.rows() ||
      static_cast<std::size_t>(targets.rows()) != is_learned.size()) {
    return DamagedNumbers();
  }
  MakeNetwork(shape, table);
  const nn::ParameterList parameters = ParametersOf(table);
  if (saved.size() != parameters.size()) return DamagedNumbers();
  for (std::size_t i = 0; i < saved.size(); ++i) {
    Matrix& value = parameters[i].parameter->value;
    if (saved[i].rows() != value.rows() || saved[i].cols() != value.cols()) return DamagedNumbers();
    value = std::move(saved[i]);
  }
  table.targets = RemapRows(std::move(targets), mapping);
  table.inputs = RemapRows(std::move(inputs), mapping);
  table.is_learned.assign(num_items, 0);
  for (std::size_t row = 0; row < is_learned.size(); ++row) {
    if (row_to_index[row] == RowMapping::kDropped) continue;
    table.is_learned[Row(row_to_index[row])] = is_learned[row];
  }
  auto scorer = TwoTower::Create(std::move(table));
  if (!scorer.ok()) return absl::DataLossError(std::string(scorer.status().message()));
  return scorer;
}

}  // namespace vitrine
