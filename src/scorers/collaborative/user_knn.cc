#include "vitrine/scorers/collaborative/user_knn.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/saved_rows.h"
#include "scorers/sparse_scores.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/top_k.h"

namespace vitrine {

namespace {

// The query as a vector like those of the training's users, of the items that any of them touched.
struct Profile {
  std::vector<TouchedItem> touched{};  // By item ascending.
  std::vector<float> values{};         // [touched.size()]
  double norm = 0;
};

Profile ProfileOf(const UserKnnTable& table, const Query& query) {
  Profile profile;
  profile.touched = TouchedItems(query, table.touch_weights, table.profiles.num_rows);
  std::erase_if(profile.touched, [&](const TouchedItem& touched) {
    return table.profiles.Columns(Row(touched.item)).empty();
  });
  std::vector<std::uint32_t> items;
  for (const TouchedItem& touched : profile.touched) {
    items.push_back(static_cast<std::uint32_t>(touched.item));
    profile.values.push_back(touched.weight);
  }
  WeighTerms(table.term_weights, items, profile.values);
  if (table.similarity == Similarity::kPearson) Centre(profile.values);
  profile.norm = Norm(profile.values);
  return profile;
}

// What <profile, user> is divided by to become their similarity.
double Divisor(const UserKnnTable& table, const Profile& profile, std::size_t user,
               double product) {
  return SimilarityDivisor(table.similarity, product, profile.norm, table.norms[user],
                           table.shrinkage);
}

// Finds the neighbours of profiles and lets them vote. Holds scratch; not thread-safe.
class Lookup {
 public:
  explicit Lookup(const UserKnnTable& table)
      : table_(table), products_(table.profiles.num_cols), votes_(table.profiles.num_rows) {}

  // Users, each in the place of an item, with their similarity; in no order.
  const std::vector<ScoredItem>& Neighbours(const Profile& profile) {
    std::size_t num_values = 0;
    for (const TouchedItem& touched : profile.touched) {
      num_values += table_.profiles.Columns(Row(touched.item)).size();
    }
    products_.Expect(num_values);
    for (std::size_t i = 0; i < profile.touched.size(); ++i) {
      const std::size_t row = Row(profile.touched[i].item);
      products_.Add(profile.values[i], table_.profiles.Columns(row), table_.profiles.Values(row));
    }
    neighbours_.clear();
    products_.TakeAll([&](std::uint32_t user, float product) {
      if (product <= 0) return;
      const double similarity = product / Divisor(table_, profile, user, product);
      neighbours_.push_back({ItemIndex{user}, static_cast<float>(similarity)});
    });
    KeepBest(table_.num_neighbours, neighbours_);
    return neighbours_;
  }

  // The scores for `query`; empty them before the next call.
  SparseScores& Votes(const Query& query) {
    const std::vector<ScoredItem>& neighbours = Neighbours(ProfileOf(table_, query));
    std::size_t num_values = 0;
    for (const ScoredItem& neighbour : neighbours) {
      num_values += table_.votes.Columns(Row(neighbour.item)).size();
    }
    votes_.Expect(num_values);
    for (const ScoredItem& neighbour : neighbours) {
      const std::size_t user = Row(neighbour.item);
      votes_.Add(neighbour.score, table_.votes.Columns(user), table_.votes.Values(user));
    }
    return votes_;
  }

 private:
  const UserKnnTable& table_;
  SparseScores products_;  // Of the query with every user.
  SparseScores votes_;     // For every item.
  std::vector<ScoredItem> neighbours_{};
};

// How much of the similarity to each neighbour each touched item brought in: [touched x
// neighbours], for `neighbours` by user ascending.
Matrix Shares(const UserKnnTable& table, const Profile& profile,
              const std::vector<ScoredItem>& neighbours) {
  Matrix shares = Matrix::Zero(static_cast<Eigen::Index>(profile.touched.size()),
                               static_cast<Eigen::Index>(neighbours.size()));
  for (std::size_t j = 0; j < profile.touched.size(); ++j) {
    const std::size_t row = Row(profile.touched[j].item);
    const auto users = table.profiles.Columns(row);
    auto found = users.begin();
    for (std::size_t v = 0; v < neighbours.size(); ++v) {
      const auto user = static_cast<std::uint32_t>(neighbours[v].item);
      found = std::lower_bound(found, users.end(), user);
      if (found == users.end()) break;
      if (*found != user) continue;
      const auto place = static_cast<std::size_t>(found - users.begin());
      shares(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(v)) =
          profile.values[j] * table.profiles.Values(row)[place];
    }
  }
  for (std::size_t v = 0; v < neighbours.size(); ++v) {
    auto column = shares.col(static_cast<Eigen::Index>(v));
    column /= static_cast<float>(Divisor(table, profile, Row(neighbours[v].item), column.sum()));
  }
  return shares;
}

// What user `user` votes for `item`.
float VoteFor(const CsrMatrix& votes, std::size_t user, ItemIndex item) {
  const auto items = votes.Columns(user);
  const auto wanted = static_cast<std::uint32_t>(item);
  const auto found = std::lower_bound(items.begin(), items.end(), wanted);
  if (found == items.end() || *found != wanted) return 0;
  return votes.Values(user)[static_cast<std::size_t>(found - items.begin())];
}

bool AreFinite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](float value) { return std::isfinite(value); });
}

absl::Status CheckTable(const UserKnnTable& table) {
  const std::size_t num_items = table.profiles.num_rows;
  const std::size_t num_users = table.profiles.num_cols;
  if (table.votes.num_rows != num_users || table.votes.num_cols != num_items ||
      table.norms.size() != num_users) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "user_knn wants votes and norms for %d users and %d items, got %d x %d votes and %d norms",
        num_users, num_items, table.votes.num_rows, table.votes.num_cols, table.norms.size()));
  }
  if (!AreFinite(table.profiles.value) || !AreFinite(table.votes.value) ||
      !AreFinite(table.norms)) {
    return absl::InvalidArgumentError("user_knn got a number that is not finite");
  }
  if (!IsSound(table.touch_weights) || !IsSound(table.term_weights, num_items)) {
    return absl::InvalidArgumentError("user_knn got weights of touches or terms out of range");
  }
  if (table.similarity > Similarity::kPearson || table.num_neighbours == 0 ||
      !std::isfinite(table.shrinkage) || table.shrinkage < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "user_knn wants a known similarity, shrinkage >= 0 and num_neighbours >= 1, got %d, %g, %d",
        static_cast<int>(table.similarity), table.shrinkage, table.num_neighbours));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const UserKnn>> UserKnn::Create(UserKnnTable table) {
  VITRINE_RETURN_IF_ERROR(CheckTable(table));
  return std::shared_ptr<const UserKnn>(new UserKnn(std::move(table)));
}

void UserKnn::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                    Eigen::Ref<Matrix> scores) const {
  Lookup lookup(table_);
  for (std::size_t q = 0; q < queries.size(); ++q) {
    SparseScores& votes = lookup.Votes(queries[q]);
    for (std::size_t i = 0; i < items.size(); ++i) {
      scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) = votes.Of(items[i]);
    }
    votes.Clear();
  }
}

std::vector<std::vector<ScoredItem>> UserKnn::Retrieve(std::span<const Query> queries,
                                                       const ItemBitmap* allowed,
                                                       std::size_t k) const {
  std::vector<std::vector<ScoredItem>> result;
  result.reserve(queries.size());
  Lookup lookup(table_);
  for (const Query& query : queries) {
    result.push_back(lookup.Votes(query).TakeBest(query, allowed, k));
  }
  return result;
}

std::vector<Contribution> UserKnn::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> UserKnn::ExplainAll(const Query& query,
                                                           std::span<const ItemIndex> items) const {
  const Profile profile = ProfileOf(table_, query);
  std::vector<ScoredItem> neighbours = Lookup(table_).Neighbours(profile);
  std::sort(neighbours.begin(), neighbours.end(),
            [](const ScoredItem& a, const ScoredItem& b) { return a.item < b.item; });
  const Matrix shares = Shares(table_, profile, neighbours);

  std::vector<std::vector<Contribution>> explained(items.size());
  Eigen::VectorXf votes(static_cast<Eigen::Index>(neighbours.size()));
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (std::size_t v = 0; v < neighbours.size(); ++v) {
      votes[static_cast<Eigen::Index>(v)] =
          VoteFor(table_.votes, Row(neighbours[v].item), items[i]);
    }
    const Eigen::VectorXf parts = shares * votes;
    for (std::size_t j = 0; j < profile.touched.size(); ++j) {
      if (parts[static_cast<Eigen::Index>(j)] == 0) continue;
      explained[i].push_back({.source = profile.touched[j].source,
                              .item = profile.touched[j].item,
                              .feature = {},
                              .value = parts[static_cast<Eigen::Index>(j)]});
    }
  }
  return explained;
}

void Save(const UserKnn& scorer, ByteWriter& writer) {
  const UserKnnTable& table = scorer.table();
  Write(table.touch_weights, writer);
  writer.Unsigned(static_cast<std::uint64_t>(table.similarity));
  writer.Double(table.shrinkage);
  writer.Unsigned(table.num_neighbours);
  Write(table.term_weights, writer);
  Write(table.profiles, writer);
  writer.Array(table.norms);
  Write(table.votes, writer);
}

absl::StatusOr<std::shared_ptr<const UserKnn>> LoadUserKnn(ByteReader& reader,
                                                           std::span<const ItemIndex> row_to_index,
                                                           std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  UserKnnTable table;
  table.touch_weights = ReadTouchWeights(reader);
  table.similarity = static_cast<Similarity>(std::min<std::uint64_t>(reader.Unsigned(), 255));
  table.shrinkage = reader.Double();
  table.num_neighbours = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(reader.Unsigned(), std::numeric_limits<std::uint32_t>::max()));
  const TermWeights term_weights = ReadTermWeights(reader);
  VITRINE_ASSIGN_OR_RETURN(CsrMatrix profiles, ReadCsr(reader, "user_knn"));
  table.norms = reader.Array<float>();
  VITRINE_ASSIGN_OR_RETURN(CsrMatrix votes, ReadCsr(reader, "user_knn"));
  VITRINE_RETURN_IF_ERROR(CheckRows(profiles.num_rows, mapping, "user_knn"));
  if (votes.num_cols != profiles.num_rows || !IsSound(term_weights, profiles.num_rows)) {
    return absl::DataLossError("user_knn holds votes or weights for other items than its profiles");
  }
  table.term_weights = RemapTerms(term_weights, mapping);
  table.profiles = RemapRows(std::move(profiles), mapping);
  table.votes = RemapColumns(std::move(votes), mapping);
  auto scorer = UserKnn::Create(std::move(table));
  if (!scorer.ok()) return absl::DataLossError(std::string(scorer.status().message()));
  return scorer;
}

}  // namespace vitrine
