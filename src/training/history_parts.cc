#include "training/history_parts.h"

#include <cmath>
#include <numeric>

namespace vitrine {

void HistoryParts::Draw(const CsrMatrix& weights, std::span<const std::uint32_t> users,
                        double target_share, Random& random) {
  Clear();
  for (const std::uint32_t user : users) {
    const auto items = weights.Columns(user);
    const auto values = weights.Values(user);
    const std::size_t surely_read = random.Below(items.size());
    const std::size_t surely_asked =
        (surely_read + 1 + random.Below(items.size() - 1)) % items.size();
    float total = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const bool is_drawn = random.Uniform() < target_share;
      if (i == surely_asked || (is_drawn && i != surely_read)) {
        targets_.push_back(items[i]);
        target_weights_.push_back(values[i]);
      } else {
        read_.push_back(items[i]);
        read_weights_.push_back(values[i]);
        total += values[i];
      }
    }
    EndUser(total);
  }
}

void HistoryParts::ReadAll(const CsrMatrix& weights, std::span<const std::uint32_t> users) {
  Clear();
  for (const std::uint32_t user : users) {
    const auto items = weights.Columns(user);
    const auto values = weights.Values(user);
    read_.insert(read_.end(), items.begin(), items.end());
    read_weights_.insert(read_weights_.end(), values.begin(), values.end());
    EndUser(std::accumulate(values.begin(), values.end(), 0.0F));
  }
}

void HistoryParts::Clear() {
  read_.clear();
  read_weights_.clear();
  read_begin_.assign(1, 0);
  targets_.clear();
  target_weights_.clear();
  target_begin_.assign(1, 0);
}

void HistoryParts::EndUser(float total) {
  for (std::size_t i = read_begin_.back(); i < read_.size(); ++i) {
    read_weights_[i] /= std::sqrt(total);
  }
  read_begin_.push_back(read_.size());
  target_begin_.push_back(targets_.size());
}

float HistoryParts::SumOfTargetWeights() const {
  return std::accumulate(target_weights_.begin(), target_weights_.end(), 0.0F);
}

std::vector<std::uint32_t> HistoryParts::UsersOf(const CsrMatrix& weights) {
  std::vector<std::uint32_t> users;
  for (std::uint32_t user = 0; user < weights.num_rows; ++user) {
    if (weights.Columns(user).size() >= 2) users.push_back(user);
  }
  return users;
}

void ClearUnliked(const CsrMatrix& weights, Matrix& table) {
  std::vector<bool> is_liked(weights.num_cols, false);
  for (const std::uint32_t item : weights.column) is_liked[item] = true;
  for (std::size_t item = 0; item < is_liked.size(); ++item) {
    if (!is_liked[item]) table.row(static_cast<Eigen::Index>(item)).setZero();
  }
}

}  // namespace vitrine
