#include "vitrine/scorers/sequential/session_knn.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/saved_rows.h"
#include "scorers/sequential/saved_recency.h"
#include "scorers/sparse_scores.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/top_k.h"

namespace vitrine {

namespace {

constexpr int kFarthest = 127;  // Steps that g is kept for.

bool IsWeight(float value) { return std::isfinite(value) && value >= 0; }
bool IsStep(float value) { return IsWeight(value) && std::floor(value) == value; }

bool IsSound(const SessionKnnWeights& weights) {
  return weights.num_neighbours >= 1 && weights.sessions_per_item >= 1 &&
         IsWeight(weights.similarity_power) && IsWeight(weights.match_decay) &&
         IsWeight(weights.distance_power) && IsWeight(weights.backward_weight) &&
         IsWeight(weights.self_weight);
}

absl::Status CheckTable(const SessionKnnTable& table) {
  const CsrMatrix& sessions = table.sessions;
  if (sessions.num_cols != table.item_weights.size() ||
      sessions.num_rows != table.session_weights.size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "session_knn wants a weight for each of %d sessions and %d items, got %d and %d",
        sessions.num_rows, sessions.num_cols, table.session_weights.size(),
        table.item_weights.size()));
  }
  const auto all = [](const std::vector<float>& values, bool (*is_sound)(float)) {
    return std::all_of(values.begin(), values.end(), is_sound);
  };
  if (!all(table.item_weights, IsWeight) || !all(table.session_weights, IsWeight) ||
      !all(sessions.value, IsStep)) {
    return absl::InvalidArgumentError(
        "session_knn wants whole steps and finite weights, none of them below 0");
  }
  if (!IsSound(table.weights)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "session_knn wants num_neighbours and sessions_per_item >= 1, and similarity_power, "
        "match_decay, distance_power, backward_weight and self_weight >= 0, got %d, %d, %g, %g, "
        "%g, "
        "%g and %g",
        table.weights.num_neighbours, table.weights.sessions_per_item,
        table.weights.similarity_power, table.weights.match_decay, table.weights.distance_power,
        table.weights.backward_weight, table.weights.self_weight));
  }
  return CheckRecency(table.recency, "session_knn");
}

// g of an item that comes so many steps after the match.
float ByStep(const SessionKnnWeights& weights, float steps) {
  const float fading = std::pow(std::max(std::abs(steps), 1.0F), -weights.distance_power);
  return steps < 0 ? fading * weights.backward_weight : fading;
}

// Where `item` is in a row of a matrix; the row's length if it is not.
std::size_t PlaceIn(std::span<const std::uint32_t> columns, ItemIndex item) {
  const auto wanted = static_cast<std::uint32_t>(item);
  const auto found = std::lower_bound(columns.begin(), columns.end(), wanted);
  if (found == columns.end() || *found != wanted) return columns.size();
  return static_cast<std::size_t>(found - columns.begin());
}

}  // namespace

absl::StatusOr<std::shared_ptr<const SessionKnn>> SessionKnn::Create(SessionKnnTable table) {
  VITRINE_RETURN_IF_ERROR(CheckTable(table));
  return std::shared_ptr<const SessionKnn>(new SessionKnn(std::move(table)));
}

SessionKnn::SessionKnn(SessionKnnTable table) : table_(std::move(table)) {
  const CsrMatrix& sessions = table_.sessions;
  std::vector<std::uint64_t> counts(num_items(), 0);
  for (const std::uint32_t item : sessions.column) ++counts[item];
  latest_begin_.push_back(0);
  for (std::uint64_t& count : counts) {
    count = std::min<std::uint64_t>(count, table_.weights.sessions_per_item);
    latest_begin_.push_back(latest_begin_.back() + count);
    if (ones_.size() < count) ones_.resize(count, 1);
  }
  latest_sessions_.resize(latest_begin_.back());
  std::vector<std::uint64_t> next(latest_begin_.begin(), latest_begin_.end() - 1);
  for (std::uint32_t session = 0; session < sessions.num_rows; ++session) {
    for (const std::uint32_t item : sessions.Columns(session)) {
      if (next[item] < latest_begin_[item + 1]) latest_sessions_[next[item]++] = session;
    }
  }
  for (int steps = -kFarthest; steps <= kFarthest; ++steps) {
    by_step_.push_back(ByStep(table_.weights, static_cast<float>(steps)));
  }
}

std::span<const std::uint32_t> SessionKnn::LatestSessions(ItemIndex item) const {
  const std::uint64_t begin = latest_begin_[Row(item)];
  return std::span(latest_sessions_).subspan(begin, latest_begin_[Row(item) + 1] - begin);
}

// Finds the neighbours of a query and lets them speak. Holds scratch; not thread-safe.
class SessionKnn::Lookup {
 public:
  explicit Lookup(const SessionKnn& scorer)
      : scorer_(scorer),
        table_(scorer.table_),
        similarities_(table_.sessions.num_rows),
        sums_(scorer.num_items()) {}

  std::vector<TouchedItem> Recent(const Query& query) const {
    return RecentItems(query, table_.recency, scorer_.num_items());
  }

  // Sessions, each in the place of an item, with their similarity; in no order.
  const std::vector<ScoredItem>& Neighbours(std::span<const TouchedItem> recent) {
    std::size_t num_values = 0;
    for (const TouchedItem& each : recent) num_values += scorer_.LatestSessions(each.item).size();
    similarities_.Expect(num_values);
    for (const TouchedItem& each : recent) {
      const auto sessions = scorer_.LatestSessions(each.item);
      similarities_.Add(each.weight, sessions, std::span(scorer_.ones_).first(sessions.size()));
    }
    neighbours_.clear();
    similarities_.TakeAll([&](std::uint32_t session, float sum) {
      const float similarity = sum * table_.session_weights[session];
      if (similarity > 0) neighbours_.push_back({ItemIndex{session}, similarity});
    });
    KeepBest(table_.weights.num_neighbours, neighbours_);
    return neighbours_;
  }

  // Where `session` holds that item, if it is one of the latest that do; else how many it holds.
  std::size_t MatchIn(std::uint32_t session, const TouchedItem& recent) const {
    const auto latest = scorer_.LatestSessions(recent.item);
    const auto items = table_.sessions.Columns(session);
    if (latest.empty() || session > latest.back()) return items.size();
    return PlaceIn(items, recent.item);
  }

  float Voice(const ScoredItem& neighbour) const {
    const float power = table_.weights.similarity_power;
    return power == 2 ? neighbour.score * neighbour.score : std::pow(neighbour.score, power);
  }

  // What a neighbour adds to each item that it holds, over its voice. -0: nothing.
  std::span<const float> Shares(std::uint32_t session, std::span<const TouchedItem> recent) {
    const auto items = table_.sessions.Columns(session);
    const auto steps = table_.sessions.Values(session);
    std::size_t place = 0;
    std::size_t match = MatchIn(session, recent[0]);
    while (match == items.size()) match = MatchIn(session, recent[++place]);
    const float weight = std::max(0.0F, 1 - table_.weights.match_decay * static_cast<float>(place));
    shares_.resize(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      shares_[i] = weight * table_.item_weights[items[i]] * Fading(steps[i] - steps[match]);
    }
    shares_[match] *= table_.weights.self_weight;
    for (float& share : shares_) share = share > 0 ? share : -0.0F;
    return shares_;
  }

  // The scores for `query`; empty them before the next call.
  SparseScores& Sums(const Query& query) {
    const std::vector<TouchedItem> recent = Recent(query);
    const std::vector<ScoredItem>& neighbours = Neighbours(recent);
    std::size_t num_values = 0;
    for (const ScoredItem& each : neighbours) {
      num_values += table_.sessions.Columns(Row(each.item)).size();
    }
    sums_.Expect(num_values);
    for (const ScoredItem& each : neighbours) {
      const auto session = static_cast<std::uint32_t>(each.item);
      sums_.Add(Voice(each), table_.sessions.Columns(session), Shares(session, recent));
    }
    return sums_;
  }

 private:
  float Fading(float steps) const {
    if (std::abs(steps) > kFarthest) return ByStep(table_.weights, steps);
    return scorer_.by_step_[static_cast<std::size_t>(static_cast<int>(steps) + kFarthest)];
  }

  const SessionKnn& scorer_;
  const SessionKnnTable& table_;
  SparseScores similarities_;  // Of the query with every session.
  SparseScores sums_;          // For every item.
  std::vector<ScoredItem> neighbours_{};
  std::vector<float> shares_{};
};

void SessionKnn::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                       Eigen::Ref<Matrix> scores) const {
  Lookup lookup(*this);
  for (std::size_t q = 0; q < queries.size(); ++q) {
    SparseScores& sums = lookup.Sums(queries[q]);
    for (std::size_t i = 0; i < items.size(); ++i) {
      scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) = sums.Of(items[i]);
    }
    sums.Clear();
  }
}

std::vector<std::vector<ScoredItem>> SessionKnn::Retrieve(std::span<const Query> queries,
                                                          const ItemBitmap* allowed,
                                                          std::size_t k) const {
  std::vector<std::vector<ScoredItem>> result;
  result.reserve(queries.size());
  Lookup lookup(*this);
  for (const Query& query : queries) {
    result.push_back(lookup.Sums(query).TakeBest(query, allowed, k));
  }
  return result;
}

std::vector<Contribution> SessionKnn::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> SessionKnn::ExplainAll(
    const Query& query, std::span<const ItemIndex> items) const {
  Lookup lookup(*this);
  const std::vector<TouchedItem> recent = lookup.Recent(query);
  // [items][recent] What each recent item adds.
  std::vector<std::vector<double>> parts(items.size(), std::vector<double>(recent.size(), 0));
  std::vector<double> weights(recent.size());  // Of a neighbour's voice, by recent item.
  for (const ScoredItem& each : lookup.Neighbours(recent)) {
    const auto session = static_cast<std::uint32_t>(each.item);
    const auto held = table_.sessions.Columns(session);
    const auto shares = lookup.Shares(session, recent);
    const double voice = lookup.Voice(each) * table_.session_weights[session] / each.score;
    for (std::size_t j = 0; j < recent.size(); ++j) {
      const bool is_held = lookup.MatchIn(session, recent[j]) < held.size();
      weights[j] = is_held ? voice * recent[j].weight : 0;
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::size_t place = PlaceIn(held, items[i]);
      if (place == held.size()) continue;
      for (std::size_t j = 0; j < recent.size(); ++j) {
        parts[i][j] += weights[j] * static_cast<double>(shares[place]);
      }
    }
  }
  std::vector<std::vector<Contribution>> explained(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (std::size_t j = 0; j < recent.size(); ++j) {
      if (parts[i][j] == 0) continue;
      explained[i].push_back({.source = recent[j].source,
                              .item = recent[j].item,
                              .feature = {},
                              .value = static_cast<float>(parts[i][j])});
    }
  }
  return explained;
}

void Save(const SessionKnn& scorer, ByteWriter& writer) {
  const SessionKnnTable& table = scorer.table();
  Write(table.recency, writer);
  writer.Unsigned(table.weights.num_neighbours);
  writer.Unsigned(table.weights.sessions_per_item);
  writer.Float(table.weights.similarity_power);
  writer.Float(table.weights.match_decay);
  writer.Float(table.weights.distance_power);
  writer.Float(table.weights.backward_weight);
  writer.Float(table.weights.self_weight);
  writer.Array(table.item_weights);
  writer.Array(table.session_weights);
  Write(table.sessions, writer);
}

absl::StatusOr<std::shared_ptr<const SessionKnn>> LoadSessionKnn(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  const auto read_count = [&reader] {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(reader.Unsigned(), std::numeric_limits<std::uint32_t>::max()));
  };
  SessionKnnTable table;
  table.recency = ReadRecency(reader);
  table.weights.num_neighbours = read_count();
  table.weights.sessions_per_item = read_count();
  table.weights.similarity_power = reader.Float();
  table.weights.match_decay = reader.Float();
  table.weights.distance_power = reader.Float();
  table.weights.backward_weight = reader.Float();
  table.weights.self_weight = reader.Float();
  const auto item_weights = reader.Array<float>();
  table.session_weights = reader.Array<float>();
  VITRINE_ASSIGN_OR_RETURN(CsrMatrix sessions, ReadCsr(reader, "session_knn"));
  VITRINE_RETURN_IF_ERROR(CheckRows(item_weights.size(), mapping, "session_knn"));
  VITRINE_RETURN_IF_ERROR(CheckRows(sessions.num_cols, mapping, "session_knn"));
  table.sessions = RemapColumns(std::move(sessions), mapping);
  table.item_weights.assign(num_items, 0);
  for (std::size_t row = 0; row < item_weights.size(); ++row) {
    if (row_to_index[row] == RowMapping::kDropped) continue;
    table.item_weights[Row(row_to_index[row])] = item_weights[row];
  }
  auto scorer = SessionKnn::Create(std::move(table));
  if (!scorer.ok()) return absl::DataLossError(std::string(scorer.status().message()));
  return scorer;
}

}  // namespace vitrine
